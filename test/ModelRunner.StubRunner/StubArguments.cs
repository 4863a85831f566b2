using System.Globalization;

namespace ModelRunner.StubRunner;

/// <summary>The command line, in llama-server's flags. Flags that the stub has no use for are kept and change nothing.</summary>
internal sealed record StubArguments
{
    public string Host { get; private init; } = "127.0.0.1";

    public int Port { get; private init; } = 8080;

    public string Model { get; private init; } = "stub.gguf";

    public string? Alias { get; private init; }

    public bool HasMetrics { get; private init; }

    public bool HasEmbeddings { get; private init; }

    public bool HasReranking { get; private init; }

    public int Slots { get; private init; } = 4;

    public int ContextSize { get; private init; } = 2048;

    /// <summary>The command line as it came.</summary>
    public required IReadOnlyList<string> All { get; init; }

    /// <summary>Whether <see cref="Host"/> is the path of a Unix socket, by llama-server's own rule.</summary>
    public bool IsUnixSocket => Host.EndsWith(".sock", StringComparison.Ordinal);

    /// <summary>What llama-server would call the model: the alphabetically first alias, else its path.</summary>
    public string ModelName => Alias?.Split(',').Order(StringComparer.Ordinal).First() ?? Model;

    public static StubArguments Read(string[] arguments)
    {
        var read = new StubArguments { All = arguments };
        for (int i = 0; i < arguments.Length; i++)
        {
            string value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            read = arguments[i] switch
            {
                "--host" => read with { Host = value },
                "--port" => read with { Port = Number(value) },
                "--model" or "-m" => read with { Model = value },
                "--alias" or "-a" => read with { Alias = value },
                "--parallel" or "-np" => read with { Slots = Math.Max(1, Number(value)) },
                "--ctx-size" or "-c" => read with { ContextSize = Number(value) },
                "--metrics" => read with { HasMetrics = true },
                "--embeddings" or "--embedding" => read with { HasEmbeddings = true },
                "--reranking" or "--rerank" => read with { HasReranking = true },
                _ => read,
            };
        }

        return read;
    }

    private static int Number(string text) => int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
}

using System.Globalization;
using System.Text.Json;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Artifacts;

namespace ModelRunner.Store.Foreign;

/// <summary>
/// The parameters of an Ollama model, as arguments of llama-server. Those for sampling are defaults there too: a request that sets a value wins. What
/// llama-server has no argument for is left out and named.
/// </summary>
/// <param name="Arguments">Canonical names, each followed by its value if it has one.</param>
/// <param name="ContextSize">Tokens of context for one request; null: not set.</param>
internal sealed record OllamaParameters(IReadOnlyList<string> Arguments, int? ContextSize)
{
    /// <summary>Whether it has texts that end an answer, for which llama-server has no argument.</summary>
    public bool HasStop { get; private init; }

    /// <summary>The names of the other parameters that a runner does not get. Bounded; the last may be the number of the rest.</summary>
    public IReadOnlyList<string> Unused { get; private init; } = [];

    private const int MaxUnused = 8;
    private const int MaxName = 40;
    private const long MaxContext = 1 << 24;

    /// <summary>No parameters.</summary>
    public static OllamaParameters None { get; } = new([], null);

    private static readonly (string Name, string Argument, long Minimum, long Maximum)[] Integers =
    [
        ("num_gpu", "--n-gpu-layers", 0, 10_000), ("main_gpu", "--main-gpu", 0, 64), ("num_thread", "--threads", 1, 4096),
        ("num_batch", "--batch-size", 32, 1 << 20), ("num_keep", "--keep", 0, MaxContext), ("num_predict", "--predict", 1, MaxContext),
        ("seed", "--seed", 0, uint.MaxValue), ("top_k", "--top-k", 0, 1_000_000), ("repeat_last_n", "--repeat-last-n", -1, MaxContext),
    ];

    private static readonly (string Name, string Argument, double Maximum)[] Numbers =
    [
        ("temperature", "--temp", 100), ("top_p", "--top-p", 1), ("min_p", "--min-p", 1), ("typical_p", "--typical", 1),
        ("repeat_penalty", "--repeat-penalty", 100), ("presence_penalty", "--presence-penalty", 100), ("frequency_penalty", "--frequency-penalty", 100),
    ];

    /// <summary>Reads the parameters; values of a wrong type or outside the range are left out and named.</summary>
    public static OllamaParameters Parse(byte[] content)
    {
        try
        {
            return JsonDocuments.Read(content, static root => root.ValueKind == JsonValueKind.Object ? Read(root) : None);
        }
        catch (JsonException)
        {
            return None;
        }
    }

    private static OllamaParameters Read(JsonElement root)
    {
        var arguments = new List<string>();
        var used = new HashSet<string>(StringComparer.Ordinal) { "stop" };
        foreach ((string name, string argument, long minimum, long maximum) in Integers)
            if (Number(root, name) is { } value && value >= minimum && value <= maximum && value == Math.Floor(value))
                Add(name, argument, ((long)value).ToString(CultureInfo.InvariantCulture));
        foreach ((string name, string argument, double maximum) in Numbers)
            if (Number(root, name) is { } value && Math.Abs(value) <= maximum)
                Add(name, argument, value.ToString("0.######", CultureInfo.InvariantCulture));

        // One card is meant, and not all of them with the small tensors on this one.
        if (arguments.Contains("--main-gpu", StringComparer.Ordinal))
            arguments.AddRange(["--split-mode", "none"]);
        if (root.TryGetProperty("use_mmap", out JsonElement map) && map.ValueKind == JsonValueKind.False)
            arguments.Add("--no-mmap");
        int? context = Number(root, "num_ctx") is { } tokens and >= 1 and <= MaxContext && tokens == Math.Floor(tokens) ? (int)tokens : null;
        return new OllamaParameters(arguments, context)
        {
            Unused = [.. ListUnused(root, context is null ? used : [.. used, "num_ctx"])],
            HasStop = root.TryGetProperty("stop", out JsonElement stop)
                && (stop.ValueKind == JsonValueKind.String || (stop.ValueKind == JsonValueKind.Array && stop.GetArrayLength() > 0)),
        };

        void Add(string name, string argument, string value)
        {
            arguments.AddRange([argument, value]);
            used.Add(name);
        }
    }

    private static IEnumerable<string> ListUnused(JsonElement root, HashSet<string> used)
    {
        string[] names = [.. root.EnumerateObject().Where(parameter => !used.Contains(parameter.Name) && !IsUsual(root, parameter.Name))
            .Select(static parameter => parameter.Name).Distinct(StringComparer.Ordinal)];
        foreach (string name in names.Take(MaxUnused))
            yield return $"parameter {PlainText.EscapeAndCut(name, MaxName)}";
        if (names.Length > MaxUnused)
            yield return string.Create(CultureInfo.InvariantCulture, $"{names.Length - MaxUnused} more parameters");
    }

    // What llama-server does without an argument too.
    private static bool IsUsual(JsonElement root, string name) => name switch
    {
        "num_gpu" or "num_predict" or "seed" => Number(root, name) is -1,
        "mirostat" => Number(root, name) is 0,
        "use_mmap" => root.GetProperty(name).ValueKind is JsonValueKind.True or JsonValueKind.False,
        "use_mlock" => root.GetProperty(name).ValueKind is JsonValueKind.False,
        _ => false,
    };

    private static double? Number(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) ? number : null;
}

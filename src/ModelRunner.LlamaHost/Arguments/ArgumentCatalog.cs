using System.Globalization;
using LLama.Native;

namespace ModelRunner.LlamaHost.Arguments;

/// <summary>Every argument that llama-host knows. They are a subset of llama-server's, with <c>--cpu-variant</c> and <c>--grammar-timeout</c> added.</summary>
internal static class ArgumentCatalog
{
    private const string NoEffect = "accepted; llama-host always does so";

    /// <summary>The arguments in the order of the help.</summary>
    public static IReadOnlyList<Argument> All { get; } =
    [
        Text(["--model", "-m"], "FILE", "the GGUF file to load", (settings, value) => settings with { ModelPath = value }),
        Text(["--alias", "-a"], "NAME", "the model's name in the API", (settings, value) => settings with { Alias = FirstAlias(value) }),
        Text(["--host"], "HOST", "a path that ends in .sock, or an IP address", (settings, value) => settings with { Host = value }),
        Integer(["--port"], 0, 65535, "TCP port", (settings, value) => settings with { Port = value }),
        Flag(["--metrics"], "serve /metrics", settings => settings with { HasMetrics = true }),
        Flag(["--embeddings", "--embedding"], "make vectors, not text", settings => settings with { IsEmbedding = true }),
        Text(["--pooling"], "KIND", "none, mean, cls or last", (settings, value) => settings with { Pooling = PoolingOf(value) }),
        Integer(["--ctx-size", "-c"], 0, int.MaxValue, "tokens of context over all slots",
            (settings, value) => settings with { ContextSize = value }),
        Integer(["--parallel", "-np"], 1, 64, "requests at the same time", (settings, value) => settings with { SlotCount = value }),
        Integer(["--threads", "-t"], -1, 1024, "compute threads", (settings, value) => settings with { Threads = Math.Max(0, value) }),
        Integer(["--threads-batch", "-tb"], -1, 1024, "compute threads for prompts",
            (settings, value) => settings with { BatchThreads = Math.Max(0, value) }),
        Integer(["--batch-size", "-b"], 32, 65536, "tokens in one decode call", (settings, value) => settings with { BatchSize = value }),
        Integer(["--ubatch-size", "-ub"], 32, 65536, "the same as --batch-size", (settings, value) => settings with { BatchSize = value }),
        Integer(["--predict", "-n", "--n-predict"], -1, int.MaxValue, "tokens of an answer where a request does not say; -1: no limit",
            (settings, value) => settings with { MaxTokens = value }),
        Text(["--chat-template"], "NAME", "a chat template, or the name of one, in place of the model's own",
            (settings, value) => settings with { ChatTemplate = value }),
        Flag(["--cache-prompt"], "use what is left in a slot's cache (the default)", settings => settings with { UsesCache = true }),
        Flag(["--no-cache-prompt"], "compute every prompt anew", settings => settings with { UsesCache = false }),
        Integer(["--grammar-timeout"], 1, 3600, "seconds for one step of a grammar, after which the program ends (20)",
            (settings, value) => settings with { GrammarLimit = TimeSpan.FromSeconds(value) }),
        Text(["--cpu-variant"], "NAME", "noavx, avx2 or avx512 (also LLAMA_HOST_CPU_VARIANT)",
            (settings, value) => settings with { CpuVariant = value }),
        .. SamplingArguments.All,
        Flag(["--no-jinja", "--cont-batching", "-cb", "--no-kv-unified", "-no-kvu", "--no-context-shift", "--no-warmup"], NoEffect,
            settings => settings),
        Flag(["--no-ui", "--no-webui", "--no-slots", "--offline", "--log-disable"], NoEffect, settings => settings),
    ];

    private static Argument Text(string[] names, string valueName, string help, Func<HostSettings, string, HostSettings> apply) =>
        new(names, valueName, help,
            (settings, value) => value.Length > 0 ? apply(settings, value) : throw new FormatException("it is empty"));

    private static Argument Flag(string[] names, string help, Func<HostSettings, HostSettings> apply) =>
        new(names, null, help, (settings, _) => apply(settings));

    private static Argument Integer(string[] names, int least, int most, string help, Func<HostSettings, int, HostSettings> apply) =>
        new(names, "N", help, (settings, value) => apply(settings, ParseInteger(value, least, most)));

    private static int ParseInteger(string value, int least, int most) =>
        int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            && number >= least && number <= most
            ? number
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"it must be a whole number from {least} to {most}"));

    // llama-server keeps aliases in an ordered set and shows the first of it.
    private static string FirstAlias(string value) =>
        value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Min(StringComparer.Ordinal) ?? "";

    private static LLamaPoolingType PoolingOf(string value) => value switch
    {
        "none" => LLamaPoolingType.None,
        "mean" => LLamaPoolingType.Mean,
        "cls" => LLamaPoolingType.CLS,
        "last" => LLamaPoolingType.Last,
        "rank" => throw new FormatException("reranking needs llama-server"),
        _ => throw new FormatException("it must be none, mean, cls or last"),
    };
}

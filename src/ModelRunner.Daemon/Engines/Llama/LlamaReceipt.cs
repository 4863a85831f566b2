using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>Finds out what a llama.cpp runner really uses: the layers from its log, the context and its version from its properties.</summary>
internal static partial class LlamaReceipt
{
    private const int MaxDevices = 8;
    private const int MaxVersionLength = 64;

    /// <summary>Reads the lines about tensors.</summary>
    /// <param name="lines">The log until the runner was ready.</param>
    /// <param name="layers">
    /// The configured number of layers: a number, <c>all</c> or -2, <c>auto</c> or -1; null: not configured. llama-server then offloads as many as fit
    /// if there is a graphics card.
    /// </param>
    public static RunnerReceipt ReadLog(IReadOnlyList<string> lines, string? layers)
    {
        int? offloaded = null;
        int? total = null;
        bool isTold = false;
        bool isOfDraft = false;
        string? draftProblem = null;
        var devices = new List<string>();
        foreach (string line in lines)
        {
            // The draft model follows the model, with lines of the same form.
            isOfDraft |= line.Contains("loading draft model", StringComparison.Ordinal);
            draftProblem ??= DraftProblemIn(line);
            if (isOfDraft)
                continue;

            // The model is loaded once or, after its fit to the memory was tried, twice. The last load counts.
            if (line.Contains("load_tensors: loading model tensors", StringComparison.Ordinal))
            {
                devices.Clear();
                (offloaded, total) = (null, null);
            }

            isTold |= line.Contains("load_tensors:", StringComparison.Ordinal);
            if (OffloadedPattern().Match(line) is { Success: true } match)
                (offloaded, total) = (Number(match.Groups["offloaded"]), Number(match.Groups["total"]));
            else if (BufferPattern().Match(line) is { Success: true } buffer && devices.Count < MaxDevices && !devices.Contains(Device(buffer)))
                devices.Add(Device(buffer));
        }

        if (!isTold)
            return new RunnerReceipt { DraftProblem = draftProblem };
        int? asked = int.TryParse(layers, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= 0 ? number : null;
        return new RunnerReceipt
        {
            // A build without support for graphics cards has no line about layers.
            RequestedLayers = total is { } all ? Math.Min(asked ?? all, all) : asked ?? (layers is null or "auto" or "-1" ? null : int.MaxValue),
            OffloadedLayers = offloaded ?? 0,
            Devices = string.Join(',', devices),
            DraftProblem = draftProblem,
        };
    }

    /// <summary>Asks the runner for the context of one request and its version, and adds them as far as it tells them.</summary>
    /// <param name="receipt">What is known of the runner.</param>
    /// <param name="endpoint">The runner.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public static async Task<RunnerReceipt> AddPropertiesAsync(RunnerReceipt receipt, RunnerEndpoint endpoint, CancellationToken cancellationToken) =>
        await RunnerDocument.ReadAsync(endpoint, new Uri(endpoint.BaseAddress, "props"), cancellationToken) is { } body
            ? AddProperties(receipt, body)
            : receipt;

    /// <summary>Adds the context of one request and the version from a body of <c>/props</c>.</summary>
    public static RunnerReceipt AddProperties(RunnerReceipt receipt, ReadOnlyMemory<byte> body)
    {
        try
        {
            using var properties = JsonDocument.Parse(body);
            return properties.RootElement.ValueKind == JsonValueKind.Object
                ? receipt with { EffectiveContext = ContextOf(properties.RootElement), EngineVersion = VersionOf(properties.RootElement) }
                : receipt;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // Text that is not Unicode is an invalid operation.
            return receipt;
        }
    }

    // llama-server then serves the model without it.
    private static string? DraftProblemIn(string line) =>
        line.Contains("vocabs are not compatible", StringComparison.Ordinal)
            ? "its vocabulary is not that of the model; name one of the same family"
        : line.Contains("failed to initialize speculative decoding context", StringComparison.Ordinal)
            ? "llama-server cannot use it with this model; name another one"
        : line.Contains("no implementations specified for speculative decoding", StringComparison.Ordinal)
            ? "--spec-type selects no kind of drafting that uses it"
        : null;

    private static int? ContextOf(JsonElement properties) =>
        properties.TryGetProperty("default_generation_settings", out JsonElement settings) && settings.ValueKind == JsonValueKind.Object
        && settings.TryGetProperty("n_ctx", out JsonElement context) && context.ValueKind == JsonValueKind.Number
        && context.TryGetInt32(out int tokens) && tokens > 0
            ? tokens
            : null;

    private static string? VersionOf(JsonElement properties) =>
        properties.TryGetProperty("build_info", out JsonElement version) && version.ValueKind == JsonValueKind.String
        && version.GetString() is { Length: > 0 } text
            ? PlainText.EscapeAndCut(text, MaxVersionLength)
            : null;

    private static int? Number(Group group) => int.TryParse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;

    private static string Device(Match match) => match.Groups["device"].Value is var name && name.StartsWith("CPU", StringComparison.Ordinal) ? "CPU" : name;

    [GeneratedRegex(
        @"load_tensors: offloaded (?<offloaded>\d+)/(?<total>\d+) layers to GPU",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OffloadedPattern();

    // CUDA_Host is memory of the machine that cards can read.
    [GeneratedRegex(
        @"load_tensors: +(?<device>(?!CUDA_Host)[A-Za-z]+[0-9]*)\S* model buffer size",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex BufferPattern();
}

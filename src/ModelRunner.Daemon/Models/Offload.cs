using System.Globalization;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Models;

/// <summary>Which parts of a model llama-server puts on graphics cards, by its arguments. Immutable.</summary>
internal sealed record Offload
{
    /// <summary>The argument for the number of layers on cards.</summary>
    public const string LayersArgument = "--n-gpu-layers";

    /// <summary>All layers, whatever their number.</summary>
    public const int AllLayers = int.MaxValue;

    // llama-server's own default for --fit-target, in MiB.
    private const long DefaultMargin = 1024;

    /// <summary>The most layers on cards.</summary>
    public int Layers { get; init; } = AllLayers;

    /// <summary>
    /// What llama-server leaves free on each card if it chooses itself how much of the model it puts there (<c>--fit</c>); null: it puts there what the
    /// arguments say, and fails if that does not fit.
    /// </summary>
    public long? Margin { get; init; }

    /// <summary>The devices that it uses, in its own order and by its own names.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>The parts of the devices in proportion to each other; empty: in proportion to what is free.</summary>
    public IReadOnlyList<double> Parts { get; init; } = [];

    /// <summary>Whether only <see cref="MainDevice"/> is used.</summary>
    public bool IsOnOneDevice { get; init; }

    /// <summary>The place of the device for everything that is on one device.</summary>
    public int MainDevice { get; init; }

    /// <summary>Whether the cache is in main memory.</summary>
    public bool KeepsCache { get; init; }

    /// <summary>The first layers whose experts are in main memory.</summary>
    public int ExpertLayers { get; init; }

    /// <summary>Whether single tensors are put elsewhere. Then the weights count on the cards and in main memory.</summary>
    public bool IsOverridden { get; init; }

    /// <summary>Whether a card computes large batches of layers that are in main memory.</summary>
    public bool ComputesBatches { get; init; } = true;

    /// <summary>Bytes of the image projector on the main device.</summary>
    public long ProjectorBytes { get; init; }

    /// <summary>Reads the arguments; null: no card is used, or it is not known how.</summary>
    /// <param name="arguments">Checked arguments; the last of two equal ones counts.</param>
    /// <param name="runners">The settings with the devices and the arguments that llama-server knows.</param>
    /// <param name="projectorBytes">Bytes of the image projector; 0: none.</param>
    public static Offload? Read(IReadOnlyList<string> arguments, RunnerSettings runners, long projectorBytes)
    {
        string[] devices = [.. DevicesOf(arguments, runners.EngineDevices)];
        string? layers = LlamaArguments.FindText(arguments, LayersArgument);
        bool knowsFit = runners.EngineFlags?.Known.Contains("--fit") is true;

        // An older llama-server without a number puts all layers or none on the cards, depending on its version.
        if (devices.Length == 0 || (!knowsFit && layers is null))
            return null;
        int main = LlamaArguments.FindInteger(arguments, "--main-gpu") is { } index && index >= 0 && index < devices.Length ? index : 0;
        bool isSplit = LlamaArguments.FindText(arguments, "--split-mode") is not "none" && devices.Length > 1;
        return new Offload
        {
            Layers = int.TryParse(layers, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : AllLayers,
            Margin = knowsFit && IsFitted(arguments, layers) ? MarginOf(arguments) : null,
            Devices = devices,
            Parts = isSplit ? PartsOf(arguments, devices.Length) : [],
            IsOnOneDevice = !isSplit,
            MainDevice = main,
            KeepsCache = LlamaArguments.FindSwitch(arguments, "--no-kv-offload", "--kv-offload") ?? false,
            ExpertLayers = arguments.Contains("--cpu-moe", StringComparer.Ordinal) ? AllLayers : LlamaArguments.FindInteger(arguments, "--n-cpu-moe") ?? 0,
            IsOverridden = arguments.Contains("--override-tensor", StringComparer.Ordinal),
            ComputesBatches = LlamaArguments.FindSwitch(arguments, "--op-offload", "--no-op-offload") ?? true,
            ProjectorBytes = LlamaArguments.FindSwitch(arguments, "--mmproj-offload", "--no-mmproj-offload") ?? true ? projectorBytes : 0,
        };
    }

    private static IEnumerable<string> DevicesOf(IReadOnlyList<string> arguments, IReadOnlyList<EngineDevice> known)
    {
        IEnumerable<string> names = known.Select(static device => device.Name);
        return LlamaArguments.FindText(arguments, "--device") is { } chosen ? chosen.Split(',').Where(names.Contains) : names;
    }

    // llama-server changes nothing that an argument sets, and gives up if one of these is set.
    private static bool IsFitted(IReadOnlyList<string> arguments, string? layers)
    {
        bool isOn = LlamaArguments.FindText(arguments, "--fit") is not ("off" or "false" or "0" or "disabled");
        bool isSet = arguments.Any(static argument => argument is "--tensor-split" or "--override-tensor" or "--cpu-moe" or "--n-cpu-moe");
        return isOn && !isSet && layers is null or "auto" && LlamaArguments.FindText(arguments, "--split-mode") is null or "layer" or "none";
    }

    private static long MarginOf(IReadOnlyList<string> arguments)
    {
        IEnumerable<long> margins = (LlamaArguments.FindText(arguments, "--fit-target") ?? "").Split(',')
            .Select(static text => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long mebibytes) ? mebibytes : DefaultMargin);
        return Math.Min(margins.Max(), 1L << 30) << 20;
    }

    private static double[] PartsOf(IReadOnlyList<string> arguments, int devices)
    {
        double[] parts = [.. (LlamaArguments.FindText(arguments, "--tensor-split") ?? "").Split([',', '/'], StringSplitOptions.RemoveEmptyEntries)
            .Select(static text => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double part) ? part : 0)
            .Take(devices)];
        return parts.Sum() > 0 ? [.. parts, .. new double[devices - parts.Length]] : [];
    }
}

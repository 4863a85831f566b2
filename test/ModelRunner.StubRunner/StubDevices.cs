namespace ModelRunner.StubRunner;

/// <summary>The graphics cards that the stub pretends to have: the variable <c>GGML_STUB_DEVICES</c>, which the daemon passes on.</summary>
internal static class StubDevices
{
    private static readonly string[] Arguments =
    [
        "--list-devices", "--threads N", "-dev, --device NAMES", "-ngl, --gpu-layers, --n-gpu-layers N", "-sm, --split-mode MODE",
        "-ts, --tensor-split PARTS", "-mg, --main-gpu INDEX", "-fit, --fit [on|off]", "-fitt, --fit-target MIB", "-nkvo, --no-kv-offload",
    ];

    /// <summary>
    /// The text for <c>--help</c>. The stub takes all arguments, so it lists none, and the daemon checks none. With cards it lists those that have to
    /// do with them.
    /// </summary>
    public static string Help => Devices is null
        ? "stub-runner takes every argument of llama-server"
        : string.Join("\n", Arguments.Select(static argument => $"{argument,-40} an argument"));

    /// <summary>The text for <c>--list-devices</c>.</summary>
    public static string List => $"Available devices:\n  {Devices ?? "(none)"}";

    private static string? Devices => Environment.GetEnvironmentVariable("GGML_STUB_DEVICES");
}

using System.Globalization;
using System.Text.RegularExpressions;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>Asks llama-server which graphics cards it can use.</summary>
internal static partial class DeviceList
{
    /// <summary>The argument with which it lists them and ends.</summary>
    public const string Argument = "--list-devices";

    /// <summary>The variable that makes CUDA number the cards by their address on the bus, as NVML and the kernel do.</summary>
    public static readonly (string Name, string Value) Order = ("CUDA_DEVICE_ORDER", "PCI_BUS_ID");

    private const int MaxDevices = 64;

    /// <summary>Runs it and reads the list, which is empty if it has none, and tells whether it did not end in time.</summary>
    public static async Task<(IReadOnlyList<EngineDevice> Devices, bool IsLate)> AskAsync(
        string program, TimeSpan patience, CancellationToken cancellationToken) =>
        await EngineOutput.ReadAsync(program, Argument, patience, cancellationToken, Order) is { } text ? (Parse(text.Output), text.IsLate) : ([], false);

    /// <summary>Reads lines such as <c>CUDA0: NVIDIA GeForce RTX 3090 (24135 MiB, 23500 MiB free)</c>.</summary>
    internal static IReadOnlyList<EngineDevice> Parse(string text)
    {
        var devices = new List<EngineDevice>();
        foreach (Match match in Line().Matches(text).Take(MaxDevices))
            devices.Add(new EngineDevice(match.Groups["name"].Value, long.Parse(match.Groups["total"].ValueSpan, CultureInfo.InvariantCulture) << 20));
        return devices;
    }

    [GeneratedRegex(
        @"^ +(?<name>[A-Za-z]+[0-9]{1,3}): .*\((?<total>[0-9]{1,9}) MiB, [0-9]{1,9} MiB free\)\r?$",
        RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Line();
}

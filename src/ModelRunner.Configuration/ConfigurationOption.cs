using System.Globalization;
using Microsoft.Extensions.Logging;

namespace ModelRunner.Configuration;

/// <summary>One option of the daemon: where it can be set, its range and its effect.</summary>
/// <param name="FileKey">Its key in the configuration file, sections separated by dots; null: it cannot be set there.</param>
/// <param name="Variable">Its environment variable; null: none.</param>
/// <param name="Flag">Its flag of <c>model-runner serve</c>, with dashes; null: none.</param>
/// <param name="Kind">The type of its value.</param>
/// <param name="Description">One line of help and documentation, a full sentence without its final period.</param>
internal sealed record ConfigurationOption(string? FileKey, string? Variable, string? Flag, OptionKind Kind, string Description)
{
    /// <summary>The default as a user would write it, or a few words if there is no fixed one.</summary>
    public string Default { get; init; } = "unset";

    /// <summary>Whether a new value takes effect only after a restart. Any other option can be changed by a reload.</summary>
    public bool NeedsRestart { get; init; }

    /// <summary>The default of an integer.</summary>
    public int DefaultInteger => int.Parse(Default, NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>The default of a size, in bytes.</summary>
    public long DefaultBytes => ByteSizeText.TryParse(Default, out long bytes) ? bytes : throw NoDefault();

    /// <summary>The default of a duration or of a keep-alive time.</summary>
    public TimeSpan DefaultDuration => DurationText.TryParseKeepAlive(Default, out TimeSpan duration) ? duration : throw NoDefault();

    /// <summary>The default of a switch.</summary>
    public bool DefaultSwitch => SwitchText.TryParse(Default, out bool isOn) ? isOn : throw NoDefault();

    /// <summary>The default of a log level.</summary>
    public LogLevel DefaultLevel => LevelText.TryParse(Default, out LogLevel level) ? level : throw NoDefault();

    /// <summary>The smallest value of an integer, of bytes, or of a duration in milliseconds.</summary>
    public long Minimum { get; init; } = long.MinValue;

    /// <summary>The largest value of an integer, of bytes, or of a duration in milliseconds.</summary>
    public long Maximum { get; init; } = long.MaxValue;

    /// <summary>Its name if no source is meant.</summary>
    public string Name => FileKey ?? Variable ?? Flag ?? "";

    /// <summary>
    /// Its name for a user who sets options in the given source: the flag, the variable, or the key of the file. If it cannot be set there,
    /// its variable, which nearly every option has.
    /// </summary>
    public string NameIn(OptionSource source) => source switch
    {
        OptionSource.Flag when Flag is not null => Flag,
        OptionSource.File when FileKey is not null => $"\"{FileKey}\" in the configuration file",
        _ => Variable ?? Flag ?? Name,
    };

    /// <summary>Like <see cref="NameIn"/>, with the value that turns a switch on.</summary>
    public string SwitchedOnIn(OptionSource source) => source switch
    {
        OptionSource.Flag when Flag is not null => Flag,
        OptionSource.File when FileKey is not null => $"\"{FileKey}\": true in the configuration file",
        _ => Variable is null ? NameIn(source) : $"{Variable}=1",
    };

    /// <summary>The values that it accepts in any source, as a noun phrase that completes "it must be …".</summary>
    public string Expected => Describe(Flag is null ? "" : " (the flag needs a unit)");

    /// <summary>As <see cref="Expected"/>, in one source. A flag needs a unit.</summary>
    public string ExpectedIn(OptionSource source) => Describe(source == OptionSource.Flag ? null : "");

    // The note stands behind the number without a unit; null: such a number is not accepted.
    private string Describe(string? note) => Kind switch
    {
        OptionKind.Path => "a path",
        OptionKind.Secret => "a key of 1 to 4096 printable ASCII characters without spaces",
        OptionKind.Address => "an IP address or localhost",
        OptionKind.Integer => string.Create(CultureInfo.InvariantCulture, $"a whole number from {Minimum} to {Maximum}"),
        OptionKind.Duration => $"a duration from {Limit(Minimum)} to {Limit(Maximum)}, such as 500ms, {Or("10m", "1h30m", "seconds", note)}",
        OptionKind.KeepAlive => $"a duration up to {Limit(Maximum)}, such as {Or("10m", "1h30m", "seconds", note)}; or -1",
        OptionKind.Bytes => $"a size from {ByteSizeText.Format(Minimum)} to {ByteSizeText.Format(Maximum)}, such as {Or("512MiB", "8GiB", "bytes", note)}",
        OptionKind.Rate => $"a rate from {ByteSizeText.Format(Minimum)}/s to {ByteSizeText.Format(Maximum)}/s, such as 20MB/s or 512KiB/s",
        OptionKind.Servers => "host names or IP addresses such as registry.lan or 10.0.0.7:5000, without a scheme",
        OptionKind.Mirrors => "addresses such as https://mirror.example or mirror.example/hub, without credentials",
        OptionKind.Processors => OptionReader.ExpectedProcessors,
        OptionKind.Switch => SwitchText.Expected,
        OptionKind.Level => "one of trace, debug, info, warn, error",
        OptionKind.Origins => "origins such as https://chat.example or http://localhost:3000, or * for any",
        OptionKind.Hosts => "host names without a port such as model-runner.llm, or *.llm for every name that ends in .llm",
        OptionKind.Sources => $"one or more of {SourceText.List}; or {SourceText.All}; or {SourceText.None}",
        _ => "arguments of llama-server, with quotes around those that contain spaces",
    };

    private static string Or(string first, string second, string unit, string? note) =>
        note is null ? $"{first} or {second}" : $"{first}, {second} or a number of {unit}{note}";

    private FormatException NoDefault() => new($"The default of {Name} is not a value: {Default}.");

    private static string Limit(long milliseconds) => DurationText.Format(TimeSpan.FromMilliseconds(milliseconds));
}

using System.Globalization;
using Microsoft.Extensions.Logging;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Configuration;

/// <summary>
/// Reads typed values. A value that cannot be read becomes a problem and the default is used, so that all problems are found at once.
/// </summary>
internal sealed class OptionReader(WrittenOptions written, List<ConfigurationProblem> problems)
{
    /// <summary>What a set of processors looks like.</summary>
    public const string ExpectedProcessors = "a list of processor numbers such as 0-3,8";

    private delegate bool Parser<T>(string text, out T value);

    public WrittenOptions Written => written;

    public List<ConfigurationProblem> Problems => problems;

    public DaemonOptions Options => written.Options;

    /// <summary>Whether the user set a value.</summary>
    public bool IsWritten(ConfigurationOption option) => written.Find(option) is not null;

    public bool Switch(ConfigurationOption option) => Read(option, option.DefaultSwitch, SwitchText.TryParse);

    /// <summary>Whether a switch is on. An invalid value counts as not set and is not reported, because <see cref="Switch"/> does that.</summary>
    public bool IsOn(ConfigurationOption option) =>
        written.Find(option) is { } value && SwitchText.TryParse(value.Text, out bool isOn) ? isOn : option.DefaultSwitch;

    public LogLevel Level(ConfigurationOption option) => Read(option, option.DefaultLevel, LevelText.TryParse);

    public int Integer(ConfigurationOption option) => IntegerOrNull(option) ?? option.DefaultInteger;

    /// <summary>An integer without a fixed default; null if it is not set or invalid.</summary>
    public int? IntegerOrNull(ConfigurationOption option) => (int?)Read<long?>(option, null, (string text, out long? value) =>
    {
        bool isNumber = long.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
            CultureInfo.InvariantCulture, out long number);
        value = number;
        return isNumber && IsWithin(option, number);
    });

    public long Bytes(ConfigurationOption option) => BytesOrNull(option) ?? option.DefaultBytes;

    /// <summary>A size in bytes without a fixed default; null if it is not set or invalid.</summary>
    public long? BytesOrNull(ConfigurationOption option) => Read<long?>(option, null, (string text, out long? value) =>
    {
        bool isSize = ByteSizeText.TryParse(text, out long bytes);
        value = bytes;
        return isSize && IsWithin(option, bytes);
    });

    /// <summary>Bytes per second; null if they are not set or invalid.</summary>
    public long? RateOrNull(ConfigurationOption option) => Read<long?>(option, null, (string text, out long? value) =>
    {
        bool isRate = RateText.TryParse(text, option, out long bytes);
        value = bytes;
        return isRate;
    });

    public TimeSpan Duration(ConfigurationOption option) => Read(option, option.DefaultDuration, (string text, out TimeSpan value) =>
        DurationText.TryParse(text, out value) && IsWithin(option, value.TotalMilliseconds));

    public TimeSpan KeepAlive(ConfigurationOption option) => Read(option, option.DefaultDuration, (string text, out TimeSpan value) =>
        DurationText.TryParseKeepAlive(text, out value)
        && (value == Timeout.InfiniteTimeSpan || IsWithin(option, value.TotalMilliseconds)));

    /// <summary>Processors; null if they are not set or invalid.</summary>
    public ProcessorSet? Processors(ConfigurationOption option) => Read<ProcessorSet?>(option, null, ProcessorSet.TryParse);

    /// <summary>An absolute path; null if it is not set or invalid.</summary>
    public string? Path(ConfigurationOption option)
    {
        string? path = Read<string?>(option, null, static (string text, out string? value) =>
        {
            value = text;
            return PathText.IsPossible(text);
        });
        return path is null ? null : PathText.Resolve(path, Options, Options.WorkingDirectory);
    }

    /// <summary>A key; null if it is not set. An invalid one is reported without being shown.</summary>
    public string? Secret(ConfigurationOption option)
    {
        if (written.Find(option) is not { } value)
            return null;
        if (value.Text.Length is > 0 and <= 4096 && !value.Text.AsSpan().ContainsAnyExceptInRange('!', '~'))
            return value.Text;

        problems.Add(new ConfigurationProblem(value.Key, null, "cannot be used as a key", $"write {option.Expected}"));
        return null;
    }

    private T Read<T>(ConfigurationOption option, T fallback, Parser<T> parse)
    {
        if (written.Find(option) is not { } value)
            return fallback;
        if (value.Source == OptionSource.Flag && UnitsFor(option, value.Text) is { } remedy)
        {
            problems.Add(new ConfigurationProblem(value.Key, value.Text, "has no unit", remedy));
            return fallback;
        }

        if (parse(value.Text, out T result))
            return result;

        Report(value, option);
        return fallback;
    }

    // What to write in place of a flag's value that lacks a unit.
    private static string? UnitsFor(ConfigurationOption option, string text) => option.Kind switch
    {
        OptionKind.Duration or OptionKind.KeepAlive when DurationText.LacksUnit(text) =>
            DurationText.WithUnits(text, Time(Math.Max(0, option.Minimum)), Time(option.Maximum)),
        OptionKind.Bytes when ByteSizeText.LacksUnit(text) => ByteSizeText.WithUnits(text, option.Minimum, option.Maximum),
        OptionKind.Rate when ByteSizeText.LacksUnit(text) => ByteSizeText.RateWithUnits(text, option.Minimum, option.Maximum),
        _ => null,
    };

    private static TimeSpan Time(long milliseconds) => milliseconds > DurationText.Longest.TotalMilliseconds
        ? DurationText.Longest
        : TimeSpan.FromMilliseconds(milliseconds);

    /// <summary>Reports that a value is not of its option's type or range.</summary>
    public void Report(WrittenValue value, ConfigurationOption option) =>
        problems.Add(new ConfigurationProblem(value.Key, value.Text, $"is not {option.ExpectedIn(value.Source)}", "change it or leave it out"));

    private static bool IsWithin(ConfigurationOption option, double value) => value >= option.Minimum && value <= option.Maximum;
}

using System.Globalization;
using ModelRunner.LlamaHost.Generation;

namespace ModelRunner.LlamaHost.Arguments;

/// <summary>The arguments with the sampling settings for requests that set none.</summary>
internal static class SamplingArguments
{
    /// <summary>The arguments in the order of the help.</summary>
    public static IReadOnlyList<Argument> All { get; } =
    [
        .. SamplingParameters.All.Where(parameter => parameter.Flags.Length > 0).Select(FromParameter),
        new Argument(["--seed", "-s"], "N", "seed of the random numbers; -1: a new one for each request",
            (settings, value) => With(settings, settings.Sampling with { Seed = ParseSeed(value) })),
        new Argument(["--samplers"], "NAMES", "samplers in their order, separated by semicolons",
            (settings, value) => With(settings, settings.Sampling with { Order = ParseOrder(value) })),
        new Argument(["--ignore-eos"], null, "do not end answers by the token that ends them",
            (settings, _) => With(settings, settings.Sampling with { IgnoresEnd = true })),
    ];

    private static HostSettings With(HostSettings settings, SamplingSettings sampling) => settings with { Sampling = sampling };

    private static Argument FromParameter(SamplingParameter parameter) => new(
        parameter.Flags, "N", parameter.Help,
        (settings, value) => With(settings, parameter.Apply(settings.Sampling, ParseNumber(parameter, value))));

    private static double ParseNumber(SamplingParameter parameter, string value)
    {
        bool isNumber = double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number);
        if (isNumber && number >= parameter.Least && number <= parameter.Most && (!parameter.IsWhole || double.IsInteger(number)))
            return number;
        string kind = parameter.IsWhole ? "a whole number" : "a number";
        throw new FormatException(string.Create(
            CultureInfo.InvariantCulture, $"it must be {kind} from {parameter.Least} to {parameter.Most}"));
    }

    private static uint? ParseSeed(string value) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long seed)
            ? seed == -1 ? null : unchecked((uint)seed)
            : throw new FormatException("it must be a whole number");

    private static IReadOnlyList<SamplerKind> ParseOrder(string value) =>
        SamplerNames.Parse(value.Split(';', StringSplitOptions.RemoveEmptyEntries))
            ?? throw new FormatException("it must be " + SamplerNames.Known);
}

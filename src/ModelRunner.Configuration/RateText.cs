namespace ModelRunner.Configuration;

/// <summary>Bytes per second as people write them: <c>20MB/s</c>, <c>512KiB/s</c>, <c>20MB</c>.</summary>
internal static class RateText
{
    /// <summary>Reads a rate; false if it is no rate, or beyond the limits of its option.</summary>
    public static bool TryParse(string text, ConfigurationOption option, out long bytes)
    {
        text = text.Trim();
        return ByteSizeText.TryParse(text.EndsWith("/s", StringComparison.OrdinalIgnoreCase) ? text[..^2] : text, out bytes)
            && bytes >= option.Minimum && bytes <= option.Maximum;
    }

    /// <summary>Reads a rate that a person writes for one command or one request. It needs a unit.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="option">The option with the same limits.</param>
    /// <param name="bytes">Bytes per second.</param>
    /// <returns>What is wrong, a clause that follows the value; null: nothing.</returns>
    public static string? Check(string text, ConfigurationOption option, out long bytes)
    {
        bytes = 0;
        if (ByteSizeText.LacksUnit(text))
            return $"has no unit; {ByteSizeText.RateWithUnits(text, option.Minimum, option.Maximum)}";
        return TryParse(text, option, out bytes) ? null : $"is not {option.Expected}";
    }
}

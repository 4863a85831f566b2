using System.Globalization;

namespace ModelRunner.Gguf;

/// <summary>The number of weights of a model for people, in the form of Docker Model Runner, such as <c>361.82M</c>.</summary>
internal static class ParameterCount
{
    private static readonly string[] Units = ["", "K", "M", "B", "T"];

    public static string Format(long count)
    {
        double value = count;
        int unit = 0;
        while (Math.Round(value, 2) >= 1000 && unit < Units.Length - 1)
            (value, unit) = (value / 1000, unit + 1);
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.00}{Units[unit]}");
    }
}

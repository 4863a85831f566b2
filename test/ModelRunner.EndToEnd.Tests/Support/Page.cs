using System.Globalization;

namespace ModelRunner.EndToEnd.Tests.Support;

/// <summary>Looks things up on a metrics page as a person would: by line.</summary>
internal static class Page
{
    /// <summary>The value of one series, written as the page writes it; fails where it is not there exactly once.</summary>
    public static double Value(string page, string series)
    {
        string line = Assert.Single(page.Split('\n'), line => line.StartsWith(series + " ", StringComparison.Ordinal));
        return double.Parse(line[(series.Length + 1)..], CultureInfo.InvariantCulture);
    }

    /// <summary>The labels of a managed runner, as they stand on the page.</summary>
    public static string Labels(string model, string mode) => $"{{backend=\"llama.cpp\",model=\"{model}:latest\",mode=\"{mode}\"}}";
}

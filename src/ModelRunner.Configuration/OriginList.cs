namespace ModelRunner.Configuration;

/// <summary>Reads the origins that may call the API from a browser.</summary>
internal static class OriginList
{
    /// <summary>Stands for every origin.</summary>
    public const string Any = "*";

    /// <summary>Origins in the format in which browsers send them: lower case, no default port, no final slash.</summary>
    public static IReadOnlyList<string> Resolve(OptionReader reader)
    {
        if (reader.Written.Find(ConfigurationCatalog.Origins) is not { } written)
            return [];

        IEnumerable<string> texts = written.Items ?? written.Text.Split(',', StringSplitOptions.RemoveEmptyEntries);
        var origins = new List<string>();
        foreach (string text in texts.Select(static text => text.Trim()))
        {
            if (text == Any)
                origins.Add(Any);
            else if (IsOrigin(text, out Uri? uri))
                origins.Add(uri.GetLeftPart(UriPartial.Authority));
            else
                reader.Report(written with { Text = text }, ConfigurationCatalog.Origins);
        }

        return [.. origins.Distinct(StringComparer.Ordinal)];
    }

    private static bool IsOrigin(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Uri? uri) =>
        Uri.TryCreate(text, UriKind.Absolute, out uri)
        && uri.Scheme.Length > 0 && uri.Host.Length > 0 && uri.AbsolutePath is "/" or ""
        && uri.Query.Length == 0 && uri.Fragment.Length == 0 && uri.UserInfo.Length == 0;
}

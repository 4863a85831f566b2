using System.Globalization;

namespace ModelRunner.Configuration;

/// <summary>Reads how models are fetched, and which registries are asked.</summary>
internal static class DownloadResolver
{
    private const string CertificateMark = "-----BEGIN CERTIFICATE-----";
    private const int MaxAuthorityBytes = 16 << 20;

    public static DownloadSettings Resolve(OptionReader reader)
    {
        IReadOnlyList<string> plain = Servers(reader, ConfigurationCatalog.PlainHttpRegistries);
        return new DownloadSettings
        {
            OnRequest = reader.Switch(ConfigurationCatalog.PullOnRequest),
            BytesPerSecond = reader.RateOrNull(ConfigurationCatalog.PullLimit),
            PlainHttpHosts = plain,
            Mirrors = Mirrors(reader, plain),
            AuthorityFile = AuthorityFile(reader),
            TrustedRealms = Servers(reader, ConfigurationCatalog.TrustedRealms),
        };
    }

    private static List<string> Servers(OptionReader reader, ConfigurationOption option)
    {
        var servers = new List<string>();
        foreach ((string text, WrittenValue written) in Items(reader, option))
        {
            if (IsServer(text))
                servers.Add(text.ToLowerInvariant());
            else
                reader.Report(written, option);
        }

        return [.. servers.Distinct(StringComparer.Ordinal)];
    }

    private static bool IsServer(string text) =>
        Uri.TryCreate($"http://{text}/", UriKind.Absolute, out Uri? server) && server.Port > 0
        && (text.Equals(server.Host, StringComparison.OrdinalIgnoreCase)
            || text.Equals(string.Create(CultureInfo.InvariantCulture, $"{server.Host}:{server.Port}"), StringComparison.OrdinalIgnoreCase));

    private static List<Uri> Mirrors(OptionReader reader, IReadOnlyList<string> plain)
    {
        ConfigurationOption option = ConfigurationCatalog.RegistryMirrors;
        var mirrors = new List<Uri>();
        foreach ((string text, WrittenValue written) in Items(reader, option))
        {
            // As in Docker Model Runner, an address without a scheme is one of https.
            string full = text.Contains("://", StringComparison.Ordinal) ? text : $"https://{text}";
            if (!IsMirror(full, out Uri? mirror))
            {
                reader.Report(written, option);
            }
            else if (mirror!.Scheme == Uri.UriSchemeHttp && !mirror.IsLoopback && !plain.Contains(mirror.Authority, StringComparer.OrdinalIgnoreCase))
            {
                reader.Problems.Add(new ConfigurationProblem(
                    written.Key, text, "is plain http", $"use https, or add {mirror.Authority} to {ConfigurationCatalog.PlainHttpRegistries.Name}"));
            }
            else
            {
                mirrors.Add(mirror);
            }
        }

        return [.. mirrors.Distinct()];
    }

    private static bool IsMirror(string text, out Uri? mirror) => Uri.TryCreate(text, UriKind.Absolute, out mirror)
        && (mirror.Scheme == Uri.UriSchemeHttps || mirror.Scheme == Uri.UriSchemeHttp) && mirror.Host.Length > 0
        && mirror.UserInfo.Length == 0 && mirror.Query.Length == 0 && mirror.Fragment.Length == 0;

    // Reading a certificate needs OpenSSL, which may be missing. A wrong file should not wait for the first pull.
    private static string? AuthorityFile(OptionReader reader)
    {
        ConfigurationOption option = ConfigurationCatalog.RegistryAuthorities;
        if (reader.Path(option) is not { } path || reader.Written.Find(option) is not { } written)
            return null;
        try
        {
            var file = new FileInfo(path);
            string? problem = !file.Exists ? "does not exist" : file.Length > MaxAuthorityBytes ? "is longer than 16 MiB"
                : File.ReadAllText(path).Contains(CertificateMark, StringComparison.Ordinal) ? null : "has no certificate in PEM form";
            if (problem is not null)
                reader.Problems.Add(new ConfigurationProblem(written.Key, written.Text, problem, "name a PEM file with the certificates of authorities"));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            reader.Problems.Add(new ConfigurationProblem(written.Key, written.Text, "cannot be read", "let the user of the daemon read it"));
        }

        return path;
    }

    private static IEnumerable<(string Text, WrittenValue Written)> Items(OptionReader reader, ConfigurationOption option)
    {
        if (reader.Written.Find(option) is not { } written)
            return [];
        IEnumerable<string> texts = written.Items ?? written.Text.Split(',', StringSplitOptions.RemoveEmptyEntries);
        return texts.Select(text => (text.Trim(), written with { Text = text.Trim() }));
    }
}

using System.Buffers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace ModelRunner.Configuration;

/// <summary>Reads how the daemon calls an attached server: headers, key, path of the metrics page, certificate.</summary>
internal sealed class AttachedAccessReader(ConfigurationFile file, DaemonOptions options, List<ConfigurationProblem> problems)
{
    private const int MaxHeaders = 32;
    private const int MaxLength = 4096;
    private const int MaxAuthorityBytes = 1024 * 1024;
    private const string Authorization = "Authorization";

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~");

    /// <summary>Headers that control how a message is sent; the configuration may not set them.</summary>
    private static readonly HashSet<string> OwnHeaders = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Content-Length", "Content-Type", "Content-Encoding", "Expect", "Keep-Alive", "Proxy-Connection", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade",
    };

    private readonly NamedFile _files = new(options, problems);

    /// <summary>Reads the members <c>headers</c>, <c>apiKeyFile</c> and <c>apiKeyVariable</c>.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers(FileObjectReader members)
    {
        List<KeyValuePair<string, string>> headers = [];
        foreach ((string name, FileNode node) in members.Object("headers")?.Members ?? [])
            AddHeader(name, node, headers);
        if (headers.Count > MaxHeaders)
            Report(members.Location, null, $"has {headers.Count} headers", $"write at most {MaxHeaders}");

        WrittenValue? keyFile = members.Text("apiKeyFile");
        WrittenValue? variable = members.Text("apiKeyVariable");
        bool hasHeader = headers.Any(static header => header.Key.Equals(Authorization, StringComparison.OrdinalIgnoreCase));
        if ((keyFile is null ? 0 : 1) + (variable is null ? 0 : 1) + (hasHeader ? 1 : 0) > 1)
            Report(members.Location, null, "has more than one key", $"keep one of apiKeyFile, apiKeyVariable and the header {Authorization}");
        else if (ReadKey(keyFile, variable) is { } key)
            headers.Add(new(Authorization, $"Bearer {key}"));
        if (headers.Count == 0)
            return [];
        return headers;
    }

    /// <summary>Reads the member <c>metricsPath</c>.</summary>
    public string MetricsPath(FileObjectReader members)
    {
        const string Usual = "/metrics";
        if (members.Text("metricsPath") is not { } written)
            return Usual;

        string path = written.Text;
        if (HttpPath.IsPossible(path))
            return path;

        Report(written.Key, path, "is not the path of a page", "write a path such as /metrics, escaped as in a URL");
        return Usual;
    }

    /// <summary>Reads the member <c>tls</c>.</summary>
    /// <param name="members">The members of the runner.</param>
    /// <param name="hasTls">Whether its endpoint uses TLS.</param>
    public AttachedTlsSettings? Tls(FileObjectReader members, bool hasTls)
    {
        if (members.Object("tls") is not { } node)
            return null;

        var inner = new FileObjectReader(file, node, problems);
        WrittenValue? written = inner.Text("caFile");
        bool isVerified = inner.Boolean("verify") ?? true;
        inner.ReportUnknown();
        string? authorities = null;
        if (!hasTls)
            Report(inner.Location, null, "has no effect without an https endpoint", "write https:// in endpoint, or leave tls out");
        if (written is not null && !isVerified)
            Report(inner.Location, null, "has a caFile that would not be used", "leave out caFile, or verify");
        else if (written is not null && hasTls && options.HasOpenSsl())
            authorities = ReadAuthorities(written);
        return new AttachedTlsSettings(authorities, isVerified);
    }

    private void AddHeader(string name, FileNode node, List<KeyValuePair<string, string>> headers)
    {
        string location = file.LocationOf(node);
        if (name.Length is 0 or > 128 || name.AsSpan().ContainsAnyExcept(NameCharacters))
            Report(location, name, "is not the name of a header", "write letters, digits and dashes");
        else if (OwnHeaders.Contains(name))
            Report(location, name, "is a header that the daemon sets itself", "leave it out");
        else if (node.Kind != JsonValueKind.String)
            Report(location, null, $"is {node.KindName}", "write a string in quotes");
        else if (node.Text.Length > MaxLength || node.Text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            Report(location, null, "cannot be the value of a header", $"write at most {MaxLength} printable ASCII characters");
        else
            headers.Add(new(name, node.Text));
    }

    // Problems with a key are reported without showing it.
    private string? ReadKey(WrittenValue? keyFile, WrittenValue? variable)
    {
        if (variable is not null)
        {
            string? value = options.Variable(variable.Text);
            if (value is null)
                Report(variable.Key, variable.Text, "is not set in the environment", "set this variable to the key of the server");
            return value is null ? null : CheckKey(variable.Key, value);
        }

        return keyFile is not null && _files.Read(keyFile, MaxLength + 2, "name a readable file that holds only the key") is { } content
            ? CheckKey(keyFile.Key, Encoding.UTF8.GetString(content).Trim())
            : null;
    }

    private string? CheckKey(string location, string key)
    {
        if (key.Length is > 0 and <= MaxLength && !key.AsSpan().ContainsAnyExceptInRange('!', '~'))
            return key;

        Report(location, null, "does not hold a key", $"write 1 to {MaxLength} printable ASCII characters without spaces there");
        return null;
    }

    // The file is read here, so that a bad one is refused at start and at a reload, and so that its new content makes a changed server.
    private string? ReadAuthorities(WrittenValue written)
    {
        const string Remedy = "name a readable PEM file with the certificates of the authorities";
        if (_files.Read(written, MaxAuthorityBytes, Remedy) is not { } content)
            return null;

        string text = Encoding.UTF8.GetString(content);
        if (HasCertificates(text))
            return text;

        Report(written.Key, written.Text, "holds no PEM certificate, or a damaged one", Remedy);
        return null;
    }

    private static bool HasCertificates(string text)
    {
        X509Certificate2Collection certificates = [];
        try
        {
            certificates.ImportFromPem(text);
            return certificates.Count > 0;
        }
        catch (CryptographicException)
        {
            return false;
        }
        finally
        {
            foreach (X509Certificate2 certificate in certificates)
                certificate.Dispose();
        }
    }

    private void Report(string location, string? value, string reason, string remedy) =>
        problems.Add(new ConfigurationProblem(location, value, reason, remedy));
}

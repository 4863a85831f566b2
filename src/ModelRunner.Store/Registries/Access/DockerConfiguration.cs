using System.Text;
using System.Text.Json;
using ModelRunner.Store.Artifacts;

namespace ModelRunner.Store.Registries.Access;

/// <summary>The file that <c>docker login</c> writes. It is also read where people or programs on Windows have edited it.</summary>
internal sealed class DockerConfiguration
{
    /// <summary>The longest file in bytes.</summary>
    public const int MaxBytes = 1024 * 1024;

    private readonly Dictionary<string, RegistryCredential> _logins = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> _helpers = new(StringComparer.OrdinalIgnoreCase);
    private string? _store;

    private DockerConfiguration()
    {
    }

    /// <summary>Reads a file.</summary>
    /// <param name="bytes">Its bytes. A mark of the byte order and an empty file are fine.</param>
    /// <param name="path">Its path, for errors.</param>
    /// <exception cref="FormatException">It is not the JSON of such a file. The message shows nothing of it.</exception>
    public static DockerConfiguration Parse(ReadOnlySpan<byte> bytes, string path)
    {
        var configuration = new DockerConfiguration();
        string text = Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF').Trim();
        if (text.Length == 0)
            return configuration;
        try
        {
            return JsonDocuments.Read(Encoding.UTF8.GetBytes(text), root =>
            {
                configuration.Read(root, path);
                return configuration;
            });
        }
        catch (JsonException failure)
        {
            throw new FormatException(
                failure.LineNumber is { } line ? $"{path} is not valid JSON in line {line + 1}" : $"{path} has a text that is not valid Unicode", failure);
        }
    }

    /// <summary>The helper that keeps the credentials of a host; null: none does.</summary>
    public string? HelperFor(string host) =>
        RegistryKeys.Of(host).Select(key => _helpers.GetValueOrDefault(key)).FirstOrDefault(static name => name is not null) ?? _store;

    /// <summary>The credentials in the file itself; null: there are none for this host.</summary>
    public RegistryCredential? LoginFor(string host) =>
        RegistryKeys.Of(host).Select(key => _logins.GetValueOrDefault(key)).FirstOrDefault(static login => login is not null);

    private void Read(JsonElement root, string path)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw new FormatException($"{path} is no JSON object");
        _store = TextOf(root, "credsStore");
        if (root.TryGetProperty("credHelpers", out JsonElement helpers) && helpers.ValueKind == JsonValueKind.Object)
            foreach (JsonProperty helper in helpers.EnumerateObject())
                if (helper.Value.ValueKind == JsonValueKind.String && helper.Value.GetString() is { Length: > 0 } name)
                    _helpers[RegistryKeys.Simplify(helper.Name)] = name;
        if (root.TryGetProperty("auths", out JsonElement logins) && logins.ValueKind == JsonValueKind.Object)
            foreach (JsonProperty login in logins.EnumerateObject())
                if (login.Value.ValueKind == JsonValueKind.Object && ReadLogin(login.Value, path) is { } credential)
                    _logins[RegistryKeys.Simplify(login.Name)] = credential;
    }

    private static RegistryCredential? ReadLogin(JsonElement login, string path)
    {
        (string, string)? user = TextOf(login, "username") is { } name ? (name, TextOf(login, "password") ?? "") : null;
        if (TextOf(login, "auth") is { } encoded)
            user = Decode(encoded) ?? user;
        var credential = new RegistryCredential(path)
        {
            User = user, IdentityToken = TextOf(login, "identitytoken"), RegistryToken = TextOf(login, "registrytoken"),
        };
        return credential.User is null && credential.IdentityToken is null && credential.RegistryToken is null ? null : credential;
    }

    private static (string Name, string Password)? Decode(string encoded)
    {
        byte[] bytes = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded.Trim(), bytes, out int count))
            return null;
        string[] parts = Encoding.UTF8.GetString(bytes, 0, count).Split(':', 2);

        // Old versions of docker padded with zero bytes.
        return parts.Length == 2 ? (parts[0], parts[1].TrimEnd('\0')) : null;
    }

    private static string? TextOf(JsonElement element, string member) =>
        element.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : null;
}

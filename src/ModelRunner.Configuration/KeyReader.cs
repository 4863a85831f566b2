using System.Text;
using System.Text.Json;
using ModelRunner.Scheduling;

namespace ModelRunner.Configuration;

/// <summary>Reads named keys: the members of an object with a member for each key. Keys themselves are never shown.</summary>
/// <param name="file">The file that has the object.</param>
/// <param name="options">The options; a <c>keyFile</c> is relative to their working directory.</param>
/// <param name="problems">Gets all problems.</param>
/// <param name="takesFiles">Whether a key may be in a file of its own.</param>
internal sealed class KeyReader(ConfigurationFile file, DaemonOptions options, List<ConfigurationProblem> problems, bool takesFiles)
{
    /// <summary>The most keys.</summary>
    public const int MaxKeys = 1000;

    /// <summary>The largest limit of requests in flight.</summary>
    public const int MaxConcurrency = 100_000;

    /// <summary>The largest quota.</summary>
    public const long MaxTokens = 1_000_000_000_000_000;
    private const int MaxModels = 1000;

    private readonly NamedFile _files = new(options, problems);

    /// <summary>Reads the keys in their order. Those with a problem are left out.</summary>
    public List<(FileNode Node, KeySettings Key)> Read(FileNode section)
    {
        var keys = new List<(FileNode Node, KeySettings Key)>();
        if (section.Members.Count > MaxKeys)
            Report(file.LocationOf(section), null, $"has {section.Members.Count} keys", $"write at most {MaxKeys}");
        foreach ((string name, FileNode node) in section.Members)
        {
            bool isNamed = CheckName(name, node);
            if (node.Kind != JsonValueKind.Object)
                Report(file.LocationOf(node), null, $"is {node.KindName}", "write an object with sha256 or keyFile");
            else if (ReadKey(name, node) is { } key && isNamed)
                keys.Add((node, key));
        }

        return keys;
    }

    private KeySettings? ReadKey(string name, FileNode node)
    {
        var members = new FileObjectReader(file, node, problems);
        int before = problems.Count;
        KeyDigest? digest = ReadDigest(members);
        KeyScopes scopes = ReadScopes(members.Texts("scopes"));
        IReadOnlyList<ModelPattern> models = ReadModels(members.Texts("models"));
        int? concurrency = members.Integer("concurrency", 1, MaxConcurrency);
        RequestPriority priority = PriorityText.Read(members.Text("priority"), problems);
        long? day = members.Number("tokensPerDay", 1, MaxTokens);
        long? month = members.Number("tokensPerMonth", 1, MaxTokens);
        DateTimeOffset? expiresAt = ReadExpiry(members.Text("expires"));
        members.ReportUnknown();
        return digest is null || problems.Count > before ? null : new KeySettings(name, digest)
        {
            Scopes = scopes, Models = models, Concurrency = concurrency, Priority = priority, TokensPerDay = day, TokensPerMonth = month, ExpiresAt = expiresAt,
        };
    }

    private bool CheckName(string name, FileNode node)
    {
        if (KeyName.FindProblem(name) is not var (reason, remedy))
            return true;
        Report(file.LocationOf(node), name, reason, remedy);
        return false;
    }

    private KeyDigest? ReadDigest(FileObjectReader members)
    {
        WrittenValue? digest = members.Text("sha256");
        WrittenValue? keyFile = takesFiles ? members.Text("keyFile") : null;
        if (digest is not null && keyFile is not null)
            Report(members.Location, null, "has both sha256 and keyFile", "keep one of them");
        else if (digest is not null)
            return ParseDigest(digest);
        else if (keyFile is not null)
            return ReadFile(keyFile);
        else if (!members.Has("sha256") && !members.Has("keyFile"))
            Report(members.Location, null, "has no key", "add sha256, the SHA-256 of the key in hexadecimal digits, or keyFile, a file with the key");
        return null;
    }

    // The value may be the key itself by mistake.
    private KeyDigest? ParseDigest(WrittenValue written)
    {
        if (KeyDigest.TryParse(written.Text) is { } digest)
            return digest;
        Report(
            written.Key, null, "is not a SHA-256 of 64 hexadecimal digits", "write what \"printf %s KEY | sha256sum\" prints, or use keyFile");
        return null;
    }

    private KeyDigest? ReadFile(WrittenValue written)
    {
        if (_files.Read(written, KeyDigest.MaxKeyLength + 2, "name a readable file that holds only the key") is not { } content)
            return null;
        string key = Encoding.UTF8.GetString(content).Trim();
        if (key.Length is > 0 and <= KeyDigest.MaxKeyLength && !key.AsSpan().ContainsAnyExceptInRange('!', '~'))
            return KeyDigest.Of(key);
        Report(written.Key, null, "does not hold a key", $"write 1 to {KeyDigest.MaxKeyLength} printable ASCII characters without spaces there");
        return null;
    }

    private KeyScopes ReadScopes(WrittenValue? written)
    {
        if (written is null)
            return KeyScopes.Inference;
        KeyScopes scopes = KeyScopes.None;
        foreach (string text in written.Items ?? [written.Text])
        {
            if (KeyScopeText.TryParse(text, out KeyScopes scope))
                scopes |= scope;
            else
                Report(written.Key, text, "is not a scope", $"write {KeyScopeText.Expected}");
        }

        if (written.Items is { Count: 0 })
            Report(written.Key, null, "is empty", $"write {KeyScopeText.Expected}, or leave it out for inference");
        return scopes;
    }

    // An empty list would look as if it allowed no model.
    private List<ModelPattern> ReadModels(WrittenValue? written)
    {
        var models = new List<ModelPattern>();
        if (written is null)
            return models;
        foreach (string text in written.Items ?? [written.Text])
        {
            if (ModelPattern.TryParse(text, out string? problem) is { } model)
                models.Add(model);
            else
                Report(written.Key, text, problem!, "write a name such as qwen3:8b, or a pattern such as qwen*");
        }

        if (written.Items is { Count: 0 })
            Report(written.Key, null, "is empty", "name the models that the key may use, or leave it out for all");
        if (models.Count > MaxModels)
            Report(written.Key, null, $"has {models.Count} names", $"write at most {MaxModels}, or patterns such as qwen*");
        return models;
    }

    private DateTimeOffset? ReadExpiry(WrittenValue? written)
    {
        if (written is null)
            return null;
        if (ExpiryText.TryParse(written.Text, out DateTimeOffset expiresAt))
            return expiresAt;
        Report(written.Key, written.Text, "is not a time", $"write {ExpiryText.Expected}");
        return null;
    }

    private void Report(string location, string? value, string reason, string remedy) =>
        problems.Add(new ConfigurationProblem(location, value, reason, remedy));
}

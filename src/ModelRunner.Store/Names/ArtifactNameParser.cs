using System.Text.RegularExpressions;

namespace ModelRunner.Store.Names;

/// <summary>
/// Reads the name of an artifact as a person writes it. The rules are those of Docker Model Runner for defaults, and those of the OCI
/// distribution specification ("Pulling manifests") for characters and lengths.
/// </summary>
internal static partial class ArtifactNameParser
{
    /// <summary>The longest registry and repository in characters, with the slash between them.</summary>
    public const int MaxName = 255;

    /// <summary>The longest tag in characters.</summary>
    public const int MaxTag = 128;

    private const string DefaultNamespace = "ai/";
    private const RegexOptions Safe = RegexOptions.CultureInvariant | RegexOptions.NonBacktracking;

    private static readonly string[] DockerHubHosts = [ArtifactName.DockerHub, "index.docker.io", "registry-1.docker.io"];

    /// <summary>Reads a name.</summary>
    /// <param name="text">For example <c>smollm2</c>, <c>ai/smollm2:360M-Q4_K_M</c>, <c>localhost:5000/a/b:t@sha256:…</c>.</param>
    /// <param name="name">The name with all defaults.</param>
    /// <param name="problem">A clause that follows the shown text, for example "is empty"; null if the name is valid.</param>
    public static bool TryParse(string? text, out ArtifactName? name, out string? problem)
    {
        name = null;
        text = text?.Trim() ?? "";
        if (text.Length == 0)
            return Fail("is empty", out problem);
        if (HubAddress.TryRead(text, out text, out HubFile? file, out problem) && problem is not null)
            return false;
        if (IdPattern().IsMatch(text))
            return Fail("is the id of a model, which no registry knows; write a name, for example ai/smollm2:latest", out problem);
        if (text.Contains("://", StringComparison.Ordinal))
            return Fail("is a URL; write the name without the scheme, for example hf.co/ORG/REPO:QUANT or ai/smollm2:latest", out problem);

        Digest? pin = null;
        if (text.IndexOf('@', StringComparison.Ordinal) is var at && at >= 0)
        {
            if (!Digest.TryParse(text[(at + 1)..], out Digest digest) || digest.Algorithm != Digest.Sha256)
                return Fail("has no valid digest after the @; it must be sha256: and 64 lower-case hexadecimal digits", out problem);
            (pin, text) = (digest, text[..at]);
        }

        int colon = text.LastIndexOf(':');
        bool hasTag = colon > text.LastIndexOf('/');
        string path = hasTag ? text[..colon] : text;
        string tag = hasTag ? text[(colon + 1)..] : "";
        if (tag.Length == 0)
            (tag, hasTag) = (ArtifactName.DefaultTag, false);
        if (tag.Length > MaxTag || !TagPattern().IsMatch(tag))
            return Fail(
                $"has an invalid tag; a tag has 1 to {MaxTag} letters, digits, dots, dashes and underscores, and does not begin with a dot or a dash",
                out problem);

        (string registry, string repository) = Split(path);
        if (registry.Length + 1 + repository.Length > MaxName)
            return Fail($"is longer than {MaxName} characters", out problem);
        if (!IsHost(registry))
            return Fail($"has an invalid registry \"{registry}\"; write a host name or an address, with a port from 1 to 65535 if it is not 443", out problem);

        string lower = repository.ToLowerInvariant();
        bool isHub = registry == ArtifactName.HuggingFace;
        if (isHub && !HubPattern().IsMatch(lower))
            return Fail("is no repository of Hugging Face; write hf.co/ORG/REPO, with a quantization after a colon if you want a certain one", out problem);
        if (!isHub && !RepositoryPattern().IsMatch(lower))
            return Fail("has an invalid name; each part between slashes has letters and digits, separated by single dots, underscores or dashes", out problem);

        name = new ArtifactName(registry, lower, tag) { Pin = pin, HasWrittenTag = hasTag, WrittenRepository = repository, File = file };
        problem = null;
        return true;
    }

    /// <summary>Reads a name that is known to be valid, for example one of this class.</summary>
    /// <exception cref="FormatException">It is not valid.</exception>
    public static ArtifactName Parse(string text) =>
        TryParse(text, out ArtifactName? name, out string? problem) ? name! : throw new FormatException($"The name \"{text}\" {problem}.");

    // The first part is a registry if it could not be a namespace.
    private static (string Registry, string Repository) Split(string path)
    {
        int slash = path.IndexOf('/', StringComparison.Ordinal);
        string first = slash < 0 ? "" : path[..slash].ToLowerInvariant();
        bool hasRegistry = first == "localhost" || first.AsSpan().ContainsAny('.', ':');
        string registry = hasRegistry ? first : ArtifactName.DockerHub;
        string repository = hasRegistry ? path[(slash + 1)..] : path;
        if (HubAddress.IsHost(registry))
            return (ArtifactName.HuggingFace, repository);
        if (!DockerHubHosts.Contains(registry, StringComparer.Ordinal))
            return (registry, repository);
        return (ArtifactName.DockerHub, repository.Contains('/', StringComparison.Ordinal) ? repository : DefaultNamespace + repository);
    }

    // The pattern does not count the digits of a port and of an address. An address of IPv4 in another form, for example 0x7f.1, would be shown as one
    // host and asked as another.
    private static bool IsHost(string registry)
    {
        if (!HostPattern().IsMatch(registry) || !Uri.TryCreate($"https://{registry}/", UriKind.Absolute, out Uri? address) || address.Port == 0)
            return false;
        return address.HostNameType switch
        {
            UriHostNameType.Dns => true,
            UriHostNameType.IPv4 => registry == address.Host || registry.StartsWith(address.Host + ":", StringComparison.Ordinal),
            UriHostNameType.IPv6 => true,
            _ => false,
        };
    }

    private static bool Fail(string clause, out string? problem)
    {
        problem = clause;
        return false;
    }

    // The end is \z, because $ would allow a line feed after the name.
    [GeneratedRegex(@"^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*\z", Safe)]
    private static partial Regex RepositoryPattern();

    // Hugging Face allows more than registries do, for example Model_-_v2.
    [GeneratedRegex(@"^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?/[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\z", Safe)]
    private static partial Regex HubPattern();

    // The short form has 12 digits. Without its algorithm it may be a name. With it, no registry has a model of this name, however many digits there are.
    [GeneratedRegex(@"^(?:[sS][hH][aA]256:[0-9A-Fa-f]*|[0-9a-f]{64})\z", Safe)]
    private static partial Regex IdPattern();

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9._-]*\z", Safe)]
    private static partial Regex TagPattern();

    [GeneratedRegex(@"^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?\z", Safe)]
    private static partial Regex HostPattern();
}

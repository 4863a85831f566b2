using ModelRunner.Linux.Files;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Registries.Access;

/// <summary>
/// Finds the credentials of a registry: the variables DOCKER_USERNAME and DOCKER_PASSWORD, for Docker Hub only, and what <c>docker login</c>
/// has kept. Thread-safe.
/// </summary>
/// <param name="readVariable">Returns the value of a variable of the environment; null: it is not set.</param>
/// <param name="home">The home folder of the user.</param>
/// <param name="notify">Called with one line if a file or a helper fails. The registry is then asked without credentials.</param>
/// <param name="time">The clock.</param>
internal sealed class RegistryCredentials(Func<string, string?> readVariable, string home, Action<string> notify, TimeProvider time) : IDisposable
{
    // A helper may ask the user, or wait long. Several requests of one pull ask it once.
    private static readonly TimeSpan HelperLife = TimeSpan.FromSeconds(60);

    // The user mends it and tries again. The requests of one pull still wait for one that hangs only once.
    private static readonly TimeSpan FailureLife = TimeSpan.FromSeconds(5);

    private const int MaxKept = 64;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Dictionary<(string Helper, string Host), (HelperOutcome Outcome, DateTimeOffset Until)> _answers = [];

    /// <summary>The credentials of this process's user.</summary>
    public static RegistryCredentials OfUser(Action<string> notify, TimeProvider time) => new(
        Environment.GetEnvironmentVariable, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), notify, time);

    /// <summary>The credentials of a registry or mirror; null: it is asked without credentials. One with a problem has no secrets.</summary>
    /// <param name="host">Its name; Docker Hub is <c>docker.io</c>.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<RegistryCredential?> FindAsync(string host, CancellationToken cancellation)
    {
        if (host == ArtifactName.DockerHub && readVariable("DOCKER_USERNAME") is { Length: > 0 } name
            && readVariable("DOCKER_PASSWORD") is { Length: > 0 } password)
            return new RegistryCredential("DOCKER_USERNAME") { User = (name, password) };
        (DockerConfiguration? configuration, string path, string? problem) = await ReadFileAsync(cancellation);
        if (configuration is null)
            return problem is null ? null : new RegistryCredential(path) { Problem = problem };
        if (configuration.HelperFor(host) is not { } helper)
            return configuration.LoginFor(host);

        HelperOutcome outcome = await AskHelperAsync(helper, host, cancellation);
        return outcome.Credential ?? configuration.LoginFor(host)
            ?? (outcome.Problem is null ? null : new RegistryCredential(helper) { Problem = TellOf(host, outcome.Problem) });
    }

    public void Dispose() => _gate.Dispose();

    private async Task<(DockerConfiguration? Configuration, string Path, string? Problem)> ReadFileAsync(CancellationToken cancellation)
    {
        string folder = readVariable("DOCKER_CONFIG") is { Length: > 0 } named ? named : Path.Join(home, ".docker");
        string path = Path.Join(folder, "config.json");
        try
        {
            await using FileStream? file = RegularFile.Open(path);
            if (file is null)
            {
                return FileStatus.OfLink(path).Kind == FileKind.Missing
                    ? (null, path, null)
                    : throw new FormatException($"{path} {PathProblem.OfFile(path)}");
            }

            if (file.Length > DockerConfiguration.MaxBytes)
                throw new FormatException(FormattableString.Invariant($"{path} is longer than {DockerConfiguration.MaxBytes} bytes, which is the limit"));
            byte[] bytes = new byte[file.Length];
            int count = await file.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation);
            return (DockerConfiguration.Parse(bytes.AsSpan(0, count), path), path, null);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException)
        {
            string problem = $"the credentials in Docker's config.json cannot be read: {failure.Message}";
            notify(problem);
            return (null, path, problem);
        }
    }

    private static string TellOf(string host, string problem) => $"the credentials of {host} are not used: {problem}";

    private async Task<HelperOutcome> AskHelperAsync(string helper, string host, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            if (_answers.TryGetValue((helper, host), out (HelperOutcome Outcome, DateTimeOffset Until) kept) && time.GetUtcNow() < kept.Until)
                return kept.Outcome;
            HelperOutcome outcome = await CredentialHelper.AskAsync(helper, RegistryKeys.ForHelper(host), readVariable("PATH"), time, cancellation);
            if (outcome.Problem is not null)
                notify(TellOf(host, outcome.Problem));
            if (_answers.Count >= MaxKept)
                _answers.Clear();
            _answers[(helper, host)] = (outcome, time.GetUtcNow() + (outcome.Problem is null ? HelperLife : FailureLife));
            return outcome;
        }
        finally
        {
            _gate.Release();
        }
    }
}

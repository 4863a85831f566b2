namespace ModelRunner.Store.Registries.Access;

/// <summary>
/// Answers the challenges of registries, and keeps the tokens until they expire. Requests that need the same token at the same time ask for it
/// once. Thread-safe.
/// </summary>
/// <param name="tokens">Gets tokens.</param>
/// <param name="findCredential">Returns the user's credentials for a registry; null: there are none.</param>
/// <param name="time">The clock.</param>
internal sealed class RegistryAuthorizer(
    TokenClient tokens, Func<string, CancellationToken, Task<RegistryCredential?>> findCredential, TimeProvider time)
{
    // A client can ask for the models of many repositories.
    private const int MaxKept = 256;

    // The user may log in with another password, so credentials that work are not kept for long.
    private static readonly TimeSpan BasicLife = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<(Uri Base, string Scopes), AccessToken> _kept = [];
    private readonly Dictionary<string, string> _refreshTokens = new(StringComparer.Ordinal);
    private readonly Dictionary<Uri, string> _problems = [];

    // Different registries rarely wait for each other.
    private readonly SemaphoreSlim[] _asking = [.. Enumerable.Range(0, 16).Select(static _ => new SemaphoreSlim(1, 1))];

    /// <summary>The header that is known to be accepted; null: the request is sent without credentials first.</summary>
    public string? Known(RegistryEndpoint endpoint, RegistryScopes scopes)
    {
        lock (_gate)
            return _kept.TryGetValue((endpoint.Base, scopes.ToString()), out AccessToken? token) && time.GetUtcNow() < token.Until ? token.Header : null;
    }

    /// <summary>Forgets a header that the registry did not accept: the user may log in anew.</summary>
    public void Forget(RegistryEndpoint endpoint, RegistryScopes scopes, string header)
    {
        lock (_gate)
        {
            if (_kept.TryGetValue((endpoint.Base, scopes.ToString()), out AccessToken? token) && token.Header == header)
                _kept.Remove((endpoint.Base, scopes.ToString()));
        }
    }

    /// <summary>Why the user's credentials for a registry could not be used when they were last needed; null: they could, or there are none.</summary>
    public string? ProblemOf(RegistryEndpoint endpoint)
    {
        lock (_gate)
            return _problems.GetValueOrDefault(endpoint.Base);
    }

    /// <summary>Answers a challenge.</summary>
    /// <param name="endpoint">The registry.</param>
    /// <param name="scopes">What the request needs.</param>
    /// <param name="challenges">The challenges of the response.</param>
    /// <param name="refused">The header that the registry did not accept; null: there was none.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The header for the next attempt; null: there is no answer to these challenges.</returns>
    /// <exception cref="Http.RemoteException">The token server gives no token.</exception>
    public async Task<string?> AnswerAsync(
        RegistryEndpoint endpoint, RegistryScopes scopes, IReadOnlyList<AuthChallenge> challenges, string? refused, CancellationToken cancellation)
    {
        SemaphoreSlim turn = _asking[(uint)HashCode.Combine(endpoint.Base, scopes.ToString()) % (uint)_asking.Length];
        await turn.WaitAsync(cancellation);
        try
        {
            if (Known(endpoint, scopes) is { } newer && newer != refused)
                return newer;
            AccessToken? answer = await AskAsync(endpoint, scopes, challenges, cancellation);
            if (answer is null || answer.Header == refused)
                return null;
            Keep(endpoint, scopes, answer);
            return answer.Header;
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<AccessToken?> AskAsync(
        RegistryEndpoint endpoint, RegistryScopes scopes, IReadOnlyList<AuthChallenge> challenges, CancellationToken cancellation)
    {
        AuthChallenge? bearer = challenges.FirstOrDefault(static challenge => challenge.Scheme == "bearer");
        if (bearer is null && !challenges.Any(static challenge => challenge.Scheme == "basic"))
            return null;
        RegistryCredential? credential = await findCredential(endpoint.Host, cancellation);
        Note(endpoint, credential?.Problem);
        if (bearer is null)
            return credential?.Basic is { } basic ? new AccessToken(basic, time.GetUtcNow() + BasicLife) : null;
        if (credential?.RegistryToken is { } ready)
            return new AccessToken($"Bearer {ready}", time.GetUtcNow() + BasicLife);

        lock (_gate)
        {
            if (credential?.IdentityToken is { } written && _refreshTokens.TryGetValue(written, out string? newer))
                credential = credential with { IdentityToken = newer };
        }

        (AccessToken token, string? refresh) = await tokens.GetAsync(endpoint, bearer, scopes, credential, cancellation);
        if (credential?.IdentityToken is { } used && refresh is not null && refresh != used)
            KeepRefresh(used, refresh);
        return token;
    }

    private void Note(RegistryEndpoint endpoint, string? problem)
    {
        lock (_gate)
        {
            _problems.Remove(endpoint.Base);
            if (_problems.Count >= MaxKept)
                _problems.Clear();
            if (problem is not null)
                _problems[endpoint.Base] = problem;
        }
    }

    private void Keep(RegistryEndpoint endpoint, RegistryScopes scopes, AccessToken token)
    {
        lock (_gate)
        {
            if (_kept.Count >= MaxKept)
                _kept.Clear();
            _kept[(endpoint.Base, scopes.ToString())] = token;
        }
    }

    // The server may replace a refresh token at each use. The file of docker still has the first one.
    private void KeepRefresh(string used, string refresh)
    {
        lock (_gate)
        {
            if (_refreshTokens.Count >= MaxKept)
                _refreshTokens.Clear();
            foreach (string written in _refreshTokens.Where(entry => entry.Value == used).Select(static entry => entry.Key).Append(used).ToArray())
                _refreshTokens[written] = refresh;
        }
    }
}

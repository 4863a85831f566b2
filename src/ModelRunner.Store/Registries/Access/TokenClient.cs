using System.Net;
using ModelRunner.Store.Http;

namespace ModelRunner.Store.Registries.Access;

/// <summary>Gets tokens from token servers.</summary>
internal sealed class TokenClient(OutgoingClient client, RealmRule rule, TimeProvider time)
{
    private const string ClientId = "model-runner";

    /// <summary>Gets a token.</summary>
    /// <param name="endpoint">The registry that wants it.</param>
    /// <param name="challenge">Its challenge, of the scheme Bearer.</param>
    /// <param name="scopes">What the token must allow.</param>
    /// <param name="credential">The user's credentials for the registry; null: there are none.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="RemoteException">There is no token.</exception>
    public async Task<(AccessToken Token, string? Refresh)> GetAsync(
        RegistryEndpoint endpoint, AuthChallenge challenge, RegistryScopes scopes, RegistryCredential? credential, CancellationToken cancellation)
    {
        Uri realm = rule.Check(endpoint, challenge.Get("realm"));
        bool isTrusted = rule.Trusts(endpoint, realm);
        RegistryCredential? known = credential?.Problem is null ? credential : null;
        RegistryCredential? used = isTrusted ? known : null;
        scopes = scopes.With(RegistryScopes.Parse(challenge.Get("scope") ?? ""));
        OutgoingRequest request = used?.IdentityToken is { } refresh
            ? MakeRefresh(realm, challenge.Get("service"), scopes, refresh)
            : MakeRequest(realm, challenge.Get("service"), scopes) with { Authorization = used?.Basic };
        request = request with { NamedBy = isTrusted ? null : endpoint.Base };

        DateTimeOffset now = time.GetUtcNow();
        using OutgoingResponse response = await client.SendAsync(request, cancellation);
        if (response.Status == HttpStatusCode.OK)
            return TokenAnswer.Read(await client.ReadBodyAsync(response, TokenAnswer.MaxBytes, cancellation), Origins.HostOf(response.Address), now);
        throw response.Status is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
            ? Refuse(endpoint, realm, response.Status, used, known, credential?.Problem)
            : await RegistryProblem.ExplainAsync(client, response, $"a token for {endpoint.Host}", time, cancellation);
    }

    private static OutgoingRequest MakeRequest(Uri realm, string? service, RegistryScopes scopes)
    {
        IEnumerable<(string, string)> parameters = scopes.Items.Select(static scope => ("scope", scope)).Append(("client_id", ClientId));
        if (service is not null)
            parameters = parameters.Prepend(("service", service));
        string query = string.Join('&', parameters.Select(static parameter => $"{parameter.Item1}={Uri.EscapeDataString(parameter.Item2)}"));
        var address = new UriBuilder(realm) { Fragment = "" };
        address.Query = address.Query.Length > 1 ? $"{address.Query[1..]}&{query}" : query;
        return new OutgoingRequest(HttpMethod.Get, address.Uri);
    }

    // The body is a secret, so a redirect must not carry it to another server.
    private static OutgoingRequest MakeRefresh(Uri realm, string? service, RegistryScopes scopes, string refresh) => new(HttpMethod.Post, realm)
    {
        StaysAtOrigin = true,
        Body = () => new FormUrlEncodedContent(
        [
            new("grant_type", "refresh_token"), new("service", service ?? ""), new("client_id", ClientId), new("scope", scopes.ToString()),
            new("refresh_token", refresh),
        ]),
    };

    private static RemoteException Refuse(
        RegistryEndpoint endpoint, Uri realm, HttpStatusCode status, RegistryCredential? used, RegistryCredential? known, string? problem)
    {
        string answer = $"the token server {Origins.HostOf(realm)} of {endpoint.Host} answered {(int)status}";
        string login = LoginText.For(endpoint, problem);
        string message = (used, known) switch
        {
            ({ } sent, _) => $"{answer}: it refuses the {sent}; {login}",
            (null, { } kept) =>
                $"{answer}: it did not get the {kept}, because its host is not that of the registry; only public models of {endpoint.Host} can be pulled",
            _ => $"{answer}: it wants a login; {login}",
        };
        return new RemoteException(RemoteReason.Unauthorized, message) { Status = status };
    }
}

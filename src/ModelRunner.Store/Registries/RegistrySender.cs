using System.Net;
using ModelRunner.Store.Http;
using ModelRunner.Store.Registries.Access;

namespace ModelRunner.Store.Registries;

/// <summary>Sends a request to a registry until it has a response that counts: with credentials if it wants some, and again if it fails.</summary>
internal sealed class RegistrySender(OutgoingClient client, RegistryAuthorizer authorizer, RegistrySettings settings, TimeProvider time)
{
    /// <summary>Sends a request.</summary>
    /// <returns>A response with a status 2xx, or 404 if the request allows that.</returns>
    /// <exception cref="RemoteException">There is none.</exception>
    public Task<OutgoingResponse> SendAsync(RegistryRequest request, CancellationToken cancellation) => request.IsRepeated
        ? RetryRule.RepeatAsync(() => SendOnceAsync(request, cancellation), request.LeavesTransient, settings, time, cancellation)
        : SendOnceAsync(request, cancellation);

    private async Task<OutgoingResponse> SendOnceAsync(RegistryRequest request, CancellationToken cancellation)
    {
        RegistryEndpoint endpoint = request.Endpoint;

        // An upload may go to an address on another server, which must not get the credentials.
        bool isAtHome = Origins.AreSame(endpoint.Base, request.Outgoing.Address);
        string? header = isAtHome ? authorizer.Known(endpoint, request.Scopes) : null;
        OutgoingResponse response = await client.SendAsync(request.Outgoing with { Authorization = header }, cancellation);
        if (response.Status != HttpStatusCode.Unauthorized || response.LeftOrigin || !isAtHome)
            return await AcceptAsync(request, response, cancellation);

        string? answer;
        using (response)
        {
            answer = await authorizer.AnswerAsync(endpoint, request.Scopes, ChallengesOf(response), header, cancellation);
            if (answer is null)
                throw Refuse(request, response, wasTried: header is not null);
        }

        response = await client.SendAsync(request.Outgoing with { Authorization = answer }, cancellation);
        if (response.Status != HttpStatusCode.Unauthorized || response.LeftOrigin)
            return await AcceptAsync(request, response, cancellation);
        authorizer.Forget(endpoint, request.Scopes, answer);
        using (response)
            throw Refuse(request, response, wasTried: true);
    }

    private async Task<OutgoingResponse> AcceptAsync(RegistryRequest request, OutgoingResponse response, CancellationToken cancellation)
    {
        bool isMissing = request.MayBeMissing && !response.LeftOrigin && response.Status == HttpStatusCode.NotFound;
        if (response.Message.IsSuccessStatusCode || isMissing)
            return response;
        using (response)
            throw await RegistryProblem.ExplainAsync(client, response, request.What, time, cancellation);
    }

    // A second refusal is final: a token server may give a smaller scope than the one that was asked for, again and again.
    private RemoteException Refuse(RegistryRequest request, OutgoingResponse response, bool wasTried)
    {
        bool isDenied = ChallengesOf(response).Any(static challenge => challenge.Get("error") == "insufficient_scope");
        string answer = $"{Origins.HostOf(response.Address)} answered {(int)response.Status}";
        string login = LoginText.For(request.Endpoint, authorizer.ProblemOf(request.Endpoint));
        return (isDenied, wasTried) switch
        {
            (true, true) =>
                Make(RemoteReason.Denied, $"{request.What} is not allowed: {answer}, the token does not cover it; {login}, or ask its owner for access"),
            (_, true) => Make(RemoteReason.Unauthorized, $"{request.What} is not allowed: {answer} although credentials were sent; {login}"),
            _ => Make(RemoteReason.Unauthorized, $"{request.What} needs a login: {answer}; {login}"),
        };

        RemoteException Make(RemoteReason reason, string message) => new(reason, message) { Status = response.Status };
    }

    private static IReadOnlyList<AuthChallenge> ChallengesOf(OutgoingResponse response) =>
        response.Message.Headers.NonValidated.TryGetValues("WWW-Authenticate", out System.Net.Http.Headers.HeaderStringValues lines)
            ? ChallengeParser.Parse(lines)
            : [];
}

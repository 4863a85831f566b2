using ModelRunner.Store.Http;

namespace ModelRunner.Store.Registries;

/// <summary>Sends a request to a registry until it has a response that counts.</summary>
internal sealed class RegistrySender(OutgoingClient client)
{
    /// <summary>Sends a request.</summary>
    /// <param name="endpoint">The registry.</param>
    /// <param name="request">The request, without credentials.</param>
    /// <param name="what">What is asked for, for errors.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>A response with a status 2xx.</returns>
    /// <exception cref="RemoteException">There is none.</exception>
    public async Task<OutgoingResponse> SendAsync(RegistryEndpoint endpoint, OutgoingRequest request, string what, CancellationToken cancellation)
    {
        OutgoingResponse response = await client.SendAsync(request, cancellation);
        if (response.Message.IsSuccessStatusCode)
            return response;
        using (response)
            throw await RegistryProblem.ExplainAsync(client, response, what, cancellation);
    }
}

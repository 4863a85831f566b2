namespace ModelRunner.Daemon.Runners;

/// <summary>Reads a small document of a runner, such as its properties or its slots.</summary>
internal static class RunnerDocument
{
    private const int MaxBytes = 1024 * 1024;

    /// <summary>Requests the document. Null if the runner has none, or does not send it completely.</summary>
    /// <param name="endpoint">The runner.</param>
    /// <param name="address">The address of the document.</param>
    /// <param name="cancellationToken">Ends the request; the result is then null.</param>
    public static async Task<byte[]?> ReadAsync(RunnerEndpoint endpoint, Uri address, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            using HttpResponseMessage response = await endpoint.Probes.SendAsync(request, cancellationToken);
            if (!response.IsSuccessStatusCode)
                return null;
            await response.Content.LoadIntoBufferAsync(MaxBytes, cancellationToken);
            return await response.Content.ReadAsByteArrayAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            return null;
        }
    }
}

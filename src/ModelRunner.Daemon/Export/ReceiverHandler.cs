using System.Globalization;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Export;

/// <summary>
/// Reads at most <see cref="MaxBytes"/> of a response of a receiver, so that a faulty one costs neither memory nor a thread, and notes why an attempt
/// failed: OpenTelemetry's library does not tell it.
/// </summary>
/// <param name="log">Gets the cause.</param>
internal sealed class ReceiverHandler(ExportLog log) : DelegatingHandler(new SocketsHttpHandler())
{
    /// <summary>A valid response has a few bytes, and an error a sentence.</summary>
    private const int MaxBytes = 64 * 1024;

    private const int MaxCauseLength = 200;

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        ExchangeAsync(() =>
        {
            HttpResponseMessage response = base.Send(request, cancellationToken);
            using CancellationTokenRegistration end = cancellationToken.Register(response.Dispose);
            return Task.FromResult(Limit(response, cancellationToken));
        }).GetAwaiter().GetResult();

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        ExchangeAsync(async () =>
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            await using CancellationTokenRegistration end = cancellationToken.Register(response.Dispose);

            // The exporter calls this from its own thread, which may block.
            return Limit(response, cancellationToken);
        });

    private async Task<HttpResponseMessage> ExchangeAsync(Func<Task<HttpResponseMessage>> send)
    {
        try
        {
            HttpResponseMessage response = await send();
            log.SetCause(CauseOf(response));
            return response;
        }
        catch (Exception failure)
        {
            log.SetCause(failure is OperationCanceledException ? "it did not respond in time" : Clause(failure.Message));
            throw;
        }
    }

    private static HttpResponseMessage Limit(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        byte[] body = new byte[MaxBytes];
        int length = 0;
        try
        {
            using Stream stream = response.Content.ReadAsStream(cancellationToken);
            while (length < body.Length && stream.Read(body, length, body.Length - length) is > 0 and var count)
                length += count;

            // A response that was disposed of because of the timeout looks like one that has ended.
            cancellationToken.ThrowIfCancellationRequested();
        }
        catch (Exception failure) when (failure is ObjectDisposedException or IOException && cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The response took too long.", failure, cancellationToken);
        }

        if (length == body.Length)
        {
            response.Dispose();
            throw new HttpRequestException(string.Create(CultureInfo.InvariantCulture, $"its response has more than {MaxBytes >> 10} KiB"));
        }

        var read = new ByteArrayContent(body, 0, length);
        foreach ((string name, IEnumerable<string> values) in response.Content.Headers)
            read.Headers.TryAddWithoutValidation(name, values);
        response.Content = read;
        return response;
    }

    private static string? CauseOf(HttpResponseMessage response)
    {
        if (!response.IsSuccessStatusCode)
            return string.Create(CultureInfo.InvariantCulture, $"it responded with status {(int)response.StatusCode}");
        string? status = response.TrailingHeaders.Concat(response.Headers)
            .Where(static header => header.Key.Equals("grpc-status", StringComparison.OrdinalIgnoreCase))
            .SelectMany(static header => header.Value).FirstOrDefault();
        return status is null or "0" ? null : $"it responded with gRPC status {PlainText.EscapeAndCut(status, MaxCauseLength)}";
    }

    private static string Clause(string message) => PlainText.EscapeAndCut(message.TrimEnd('.'), MaxCauseLength);
}

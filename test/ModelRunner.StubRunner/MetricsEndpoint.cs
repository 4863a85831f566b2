using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace ModelRunner.StubRunner;

/// <summary><c>GET /metrics</c>, right or wrong in every way that a scraper has to bear.</summary>
internal sealed class MetricsEndpoint(StubArguments arguments, StubFaults faults, StubState state)
{
    private const string Html = "<!DOCTYPE html>\n<html><body><h1>It works!</h1></body></html>\n";

    public async Task HandleAsync(StubResponse response, CancellationToken clientLeft)
    {
        await Task.Delay(faults.Milliseconds("metrics_delay_ms"), clientLeft);
        string? hang = faults.Text("metrics_hang");
        if (hang == "headers")
            await Task.Delay(Timeout.InfiniteTimeSpan, clientLeft);

        if (faults.IsOn("metrics_close"))
        {
            response.Close();
        }
        else if (faults.Text("metrics_redirect") is { } location)
        {
            await response.SendAsync(302, "text/plain", default, $"Location: {location}\r\n");
        }
        else if (!arguments.HasMetrics && faults.Text("metrics_status") is null)
        {
            await response.SendErrorAsync(501, "This server does not support metrics endpoint. Start it with `--metrics`", "not_supported_error");
        }
        else if (faults.IsOn("metrics_endless"))
        {
            await SendEndlessAsync(response, clientLeft);
        }
        else
        {
            await SendPageAsync(response, hang, clientLeft);
        }
    }

    private async Task SendPageAsync(StubResponse response, string? hang, CancellationToken clientLeft)
    {
        byte[] body = await ReadBodyAsync();
        string headers = "";
        if (faults.Text("metrics_gzip") is { } gzip)
        {
            body = Compress(body);
            headers = gzip == "no_header" ? "" : "Content-Encoding: gzip\r\n";
        }

        int status = faults.Text("metrics_status") is null ? 200 : (int)faults.Number("metrics_status");
        string type = faults.Text("metrics_content_type") ?? (faults.IsOn("metrics_html") ? "text/html" : "text/plain; version=0.0.4");
        if (type == "none")
            type = "";

        if (faults.IsOn("metrics_chunked"))
        {
            await response.SendHeadAsync(status, type, $"Transfer-Encoding: chunked\r\n{headers}");
            await response.SendChunkAsync(body);
            if (faults.Text("metrics_truncate") is null)
                await response.SendLastChunkAsync();
            else
                response.Close();
            return;
        }

        await response.SendHeadAsync(status, type, string.Create(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n{headers}"));
        await SendBodyAsync(response, body, hang, clientLeft);
    }

    private async Task SendBodyAsync(StubResponse response, byte[] body, string? hang, CancellationToken clientLeft)
    {
        if (hang == "body")
        {
            await response.SendRawAsync(body.AsMemory(0, body.Length / 2));
            await Task.Delay(Timeout.InfiniteTimeSpan, clientLeft);
        }
        else if (faults.Text("metrics_truncate") is not null)
        {
            int missing = (int)Math.Min(body.Length, faults.Number("metrics_truncate"));
            await response.SendRawAsync(body.AsMemory(0, body.Length - missing));
            response.Close();
        }
        else if (faults.Milliseconds("metrics_drip_ms") is { Ticks: > 0 } pause)
        {
            for (int i = 0; i < body.Length; i++)
            {
                await response.SendRawAsync(body.AsMemory(i, 1));
                await Task.Delay(pause, clientLeft);
            }
        }
        else
        {
            await response.SendRawAsync(body);
        }
    }

    private async Task<byte[]> ReadBodyAsync()
    {
        if (faults.IsOn("metrics_html"))
            return Encoding.UTF8.GetBytes(Html);
        if (faults.Text("metrics_file") is { } path)
            return await File.ReadAllBytesAsync(path);
        if (faults.Number("metrics_series") is > 0 and var count)
            return MetricsPage.WriteSeries(count);

        return state.MetricsPage ?? MetricsPage.Write(state);
    }

    private static byte[] Compress(byte[] body)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
            gzip.Write(body);

        return compressed.ToArray();
    }

    private static async Task SendEndlessAsync(StubResponse response, CancellationToken clientLeft)
    {
        await response.SendHeadAsync(200, "text/plain; version=0.0.4", "Transfer-Encoding: chunked\r\n");
        var lines = new StringBuilder();
        for (long i = 0; ; i++)
        {
            lines.Append(CultureInfo.InvariantCulture, $"stub:endless{{number=\"{i}\"}} {i}\n");
            if (lines.Length < 65536)
                continue;

            clientLeft.ThrowIfCancellationRequested();
            await response.SendChunkAsync(Encoding.ASCII.GetBytes(lines.ToString()));
            lines.Clear();
        }
    }
}

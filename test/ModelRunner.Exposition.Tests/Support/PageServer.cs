using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ModelRunner.Exposition.Tests.Support;

/// <summary>Serves pages on a loopback port of its own: <c>GET /N</c> answers with page N, with the Content-Type of its format.</summary>
internal sealed class PageServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly (byte[] Body, string ContentType)[] _pages;
    private readonly Task _loop;

    public PageServer(IEnumerable<(byte[] Body, string ContentType)> pages)
    {
        _pages = [.. pages];
        _listener.Start();
        _loop = AcceptAsync();
    }

    public string Address => _listener.LocalEndpoint.ToString()!;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var answers = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                answers.Add(AnswerAsync(client));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(answers);
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
                if (await reader.ReadLineAsync(_stop.Token) is not { } request)
                {
                    // It connected and left without a word, as a Prometheus does that is ended at that moment.
                    return;
                }

                while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 })
                {
                    // Headers say nothing here.
                }

                var (body, contentType) = _pages[int.Parse(request.Split(' ')[1].AsSpan(1), CultureInfo.InvariantCulture)];
                var head = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nContent-Type: {contentType}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n");
                await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head), _stop.Token);
                await client.GetStream().WriteAsync(body, _stop.Token);
            }
            catch (Exception ended) when (ended is OperationCanceledException or IOException)
            {
                // The scraper left, or the test is over.
            }
        }
    }
}

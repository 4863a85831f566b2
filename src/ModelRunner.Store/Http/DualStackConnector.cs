using System.Net;
using System.Net.Sockets;

namespace ModelRunner.Store.Http;

/// <summary>
/// Connects to a host that has several addresses (RFC 8305, "Happy Eyeballs"). .NET tries one after the other, so that a network which drops IPv6
/// uses up the whole time before the first IPv4 address is tried.
/// </summary>
/// <param name="resolve">Returns the addresses of a host, the preferred one first.</param>
/// <param name="time">The clock.</param>
internal sealed class DualStackConnector(Func<string, CancellationToken, Task<IPAddress[]>> resolve, TimeProvider time)
{
    /// <summary>How long one address is tried before the next one is tried beside it.</summary>
    public static readonly TimeSpan HeadStart = TimeSpan.FromMilliseconds(250);

    private const int MaxAddresses = 16;

    /// <summary>Connects. The first connection that stands is the result.</summary>
    /// <exception cref="SocketException">No address accepts a connection, or the host has none.</exception>
    public async Task<Socket> ConnectAsync(string host, int port, CancellationToken cancellation)
    {
        IPAddress[] addresses = Interleave(await resolve(host, cancellation));
        if (addresses.Length == 0)
            throw new SocketException((int)SocketError.HostNotFound);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = new List<Task<Socket>>();
        Exception? problem = null;
        int next = 0;
        try
        {
            while (running.Count > 0 || next < addresses.Length)
            {
                if (next < addresses.Length)
                    running.Add(OpenAsync(new IPEndPoint(addresses[next++], port), end.Token));
                Task pause = Task.Delay(next < addresses.Length ? HeadStart : Timeout.InfiniteTimeSpan, time, end.Token);
                Task first = await Task.WhenAny(running.Append(pause));
                cancellation.ThrowIfCancellationRequested();
                if (first is not Task<Socket> attempt)
                    continue;
                running.Remove(attempt);
                if (attempt.IsCompletedSuccessfully)
                    return await attempt;
                problem ??= attempt.Exception!.InnerException;
            }
        }
        finally
        {
            await end.CancelAsync();
            foreach (Task<Socket> late in running)
                _ = CloseAsync(late);
        }

        throw problem!;
    }

    private static async Task<Socket> OpenAsync(IPEndPoint address, CancellationToken cancellation)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, cancellation);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task CloseAsync(Task<Socket> late)
    {
        try
        {
            (await late).Dispose();
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException)
        {
            // It did not connect.
        }
    }

    // The preferred family first, then both in turn.
    private static IPAddress[] Interleave(IPAddress[] addresses)
    {
        IPAddress[] preferred = [.. addresses.Where(address => address.AddressFamily == addresses[0].AddressFamily)];
        IPAddress[] others = [.. addresses.Except(preferred)];
        return [.. Enumerable.Range(0, addresses.Length)
            .SelectMany(index => preferred.Skip(index).Take(1).Concat(others.Skip(index).Take(1))).Take(MaxAddresses)];
    }
}

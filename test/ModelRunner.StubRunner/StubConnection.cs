using System.Net.Sockets;

namespace ModelRunner.StubRunner;

/// <summary>Serves the requests of one connection and notices when its client leaves.</summary>
internal sealed class StubConnection(Socket socket, int number, StubRouter router, StubFaults faults, StubState state)
{
    public async Task RunAsync()
    {
        using Socket owned = socket;
        var reader = new RequestReader(socket, number, faults, state);
        try
        {
            while (await reader.ReadAsync() is { } request)
            {
                state.Record(request);
                if (!await AnswerAsync(reader, request))
                    return;
            }
        }
        catch (Exception failure) when (failure is SocketException or EndOfStreamException or ObjectDisposedException)
        {
            // The client went away between two requests or within one; there is nobody to tell.
            state.CountDisconnect();
        }
    }

    private async Task<bool> AnswerAsync(RequestReader reader, StubRequest request)
    {
        using var left = new CancellationTokenSource();
        Task<bool> more = reader.WaitForMoreAsync();
        Task watching = WatchAsync(more, left);
        var response = new StubResponse(socket);
        try
        {
            await router.HandleAsync(request, response, left.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or SocketException)
        {
            state.CountDisconnect();
            return false;
        }

        if (response.Closes)
        {
            socket.Close();
            await watching;
            return false;
        }

        await watching;
        return !left.IsCancellationRequested;
    }

    private static async Task WatchAsync(Task<bool> more, CancellationTokenSource left)
    {
        try
        {
            if (await more)
                return;
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // A reset connection is a client that left, as a closed one is.
        }

        await left.CancelAsync();
    }
}

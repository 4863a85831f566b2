using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Schedules;

/// <summary>Sends the requests of a schedule and notes what their clients see.</summary>
internal sealed class ScheduleClient(DaemonFixture daemon, EventCount events)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Sends a request and reads its response, or leaves it.</summary>
    public async Task SendAsync(ScheduledRequest request)
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Task leave = request.Kind == RequestKind.LeavesEarly ? LeaveAsync(request, leaving) : Task.CompletedTask;
        try
        {
            request.View = await ReadAsync(request, leaving.Token);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            request.View = leaving.IsCancellationRequested ? ClientView.Left : ClientView.Cut;
        }

        events.Add();
        await leaving.CancelAsync();
        await leave;
    }

    private async Task LeaveAsync(ScheduledRequest request, CancellationTokenSource leaving)
    {
        // The response has no end, so its own lines bring the number of events there, unless its connection is cut.
        await Task.WhenAny(events.ReachAsync(request.LeavesAfter), Task.Delay(Timeout.InfiniteTimeSpan, leaving.Token));
        await leaving.CancelAsync();
    }

    private async Task<ClientView> ReadAsync(ScheduledRequest request, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await daemon.SendAsync(request.Path, request.Body, HttpCompletionOption.ResponseHeadersRead, cancellation);
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancellation);
        using var reader = new StreamReader(stream);
        string last = "";
        for (int lines = 0; await reader.ReadLineAsync(cancellation) is { } line; lines++)
        {
            events.Add();
            last = line.Length > 0 ? line : last;
            if (request.Kind == RequestKind.LeavesStream && lines >= request.LeavesAfter)
                return ClientView.Left;
        }

        bool isStream = response.Content.Headers.ContentType?.MediaType == "text/event-stream";
        return response.IsSuccessStatusCode && (!isStream || last == "data: [DONE]") ? ClientView.Complete : ClientView.Failed;
    }
}

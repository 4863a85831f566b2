using System.Globalization;
using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>Tells the client of a request that had to wait for a runner how it stood when it arrived.</summary>
internal static class QueueHeaders
{
    public const string Position = "X-Model-Runner-Queue-Position";
    public const string ExpectedLoad = "X-Model-Runner-Expected-Load-Seconds";

    /// <summary>Adds the headers to whatever response follows, an error too. Without a wait it does nothing.</summary>
    public static void Announce(HttpResponse response, QueueNotice notice)
    {
        if (notice.Position is not { } position)
            return;

        // An error clears the headers that were prepared before it.
        response.OnStarting(() =>
        {
            response.Headers[Position] = position.ToString(CultureInfo.InvariantCulture);
            if (notice.ExpectedLoad is { } load)
                response.Headers[ExpectedLoad] = Math.Max(0, load.TotalSeconds).ToString("0.#", CultureInfo.InvariantCulture);
            return Task.CompletedTask;
        });
    }
}

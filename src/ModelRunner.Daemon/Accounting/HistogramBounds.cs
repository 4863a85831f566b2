namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// The upper bounds of histograms in seconds, as OpenTelemetry's conventions for generative AI advise them where they have one, so that
/// dashboards for other servers fit.
/// </summary>
internal static class HistogramBounds
{
    /// <summary><c>gen_ai.server.request.duration</c></summary>
    public static IReadOnlyList<HistogramBound> Request { get; } = Make(.01, .02, .04, .08, .16, .32, .64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92);

    /// <summary><c>gen_ai.server.time_to_first_token</c></summary>
    public static IReadOnlyList<HistogramBound> FirstToken { get; } = Make(.001, .005, .01, .02, .04, .06, .08, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10);

    /// <summary><c>gen_ai.server.time_per_output_token</c></summary>
    public static IReadOnlyList<HistogramBound> OutputToken { get; } = Make(.01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1, 2.5);

    /// <summary>Loads of models. OpenTelemetry's conventions have no such histogram.</summary>
    public static IReadOnlyList<HistogramBound> Load { get; } = Make(.1, .25, .5, 1, 2.5, 5, 10, 20, 40, 80, 160, 300, 600);

    private static HistogramBound[] Make(params ReadOnlySpan<double> seconds)
    {
        var bounds = new HistogramBound[seconds.Length];
        for (int i = 0; i < bounds.Length; i++)
            bounds[i] = new HistogramBound(seconds[i]);
        return bounds;
    }
}

namespace ModelRunner.Daemon.Access;

/// <summary>A feature of a connection whose client proved with a certificate that it may read the metrics page.</summary>
internal sealed class TrustedClient
{
    private TrustedClient()
    {
    }

    public static TrustedClient Instance { get; } = new();

    /// <summary>Whether a request needs no key, because its connection has the feature.</summary>
    public static bool MayRead(HttpContext context) =>
        context.Request.Path == "/metrics" && context.Features.Get<TrustedClient>() is not null;
}

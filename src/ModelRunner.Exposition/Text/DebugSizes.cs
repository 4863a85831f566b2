namespace ModelRunner.Exposition.Text;

/// <summary>Sizes of buffers and tables. They are tiny in Debug builds, so that ordinary tests cross every boundary.</summary>
internal static class DebugSizes
{
    public static int Pick(int release, int debug)
    {
#if DEBUG
        _ = release;
        return debug;
#else
        _ = debug;
        return release;
#endif
    }
}

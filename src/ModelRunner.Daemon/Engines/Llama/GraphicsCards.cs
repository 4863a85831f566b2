namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>Whether llama.cpp may find a graphics card.</summary>
internal static class GraphicsCards
{
    private static readonly string[] DriverPaths = ["/dev/nvidiactl", "/dev/kfd", "/dev/dri/renderD128"];

    /// <summary>Whether the machine has a driver of a card that llama.cpp can use.</summary>
    public static bool AreHere => DriverPaths.Any(Path.Exists);
}

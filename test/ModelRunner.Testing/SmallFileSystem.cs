using System.Diagnostics;

namespace ModelRunner.Testing;

/// <summary>A file system in memory that is soon full. Only root may mount it.</summary>
internal sealed class SmallFileSystem : IAsyncDisposable
{
    private SmallFileSystem(string path) => Path = path;

    /// <summary>Where it is mounted.</summary>
    public string Path { get; }

    private string Filler => System.IO.Path.Join(Path, "filler");

    /// <summary>Mounts one.</summary>
    public static async Task<SmallFileSystem> MountAsync(string path, string size = "256k")
    {
        Directory.CreateDirectory(path);
        await RunAsync("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", path);
        return new SmallFileSystem(path);
    }

    /// <summary>Takes all the room that is left.</summary>
    public void Fill()
    {
        using var filler = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
                filler.Write(new byte[512]);
        }
        catch (IOException)
        {
            // Full.
        }
    }

    /// <summary>Gives the room back.</summary>
    public void Free() => File.Delete(Filler);

    /// <summary>Makes it read-only (<c>ro</c>) or writable (<c>rw</c>).</summary>
    public Task RemountAsync(string mode) => RunAsync("mount", "-o", $"remount,{mode}", Path);

    public async ValueTask DisposeAsync() => await RunAsync("umount", Path);

    private static async Task RunAsync(params string[] command)
    {
        using Process process = Process.Start(command[0], command[1..]);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}

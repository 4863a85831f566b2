using ModelRunner.Linux.Files;
using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

public sealed class ProcessLockTests
{
    /// <summary>Another user of the folder could have linked a file of root to the path of the lock.</summary>
    [Fact]
    public void A_file_with_two_names_is_not_given_away()
    {
        using var folder = new TemporaryFolder();
        string path = folder.PathOf("x.lock");
        string[] link = [folder.Write("precious", "text"), path];
        using (var made = System.Diagnostics.Process.Start("ln", link))
            made.WaitForExit();
        FileOwner owner = FileOwner.Of(path)!.Value;

        Assert.Contains("is also the name of another file", Assert.Throws<IOException>(() => ProcessLock.TryTake(path, owner)).Message, StringComparison.Ordinal);
        Assert.Equal("text", File.ReadAllText(folder.PathOf("precious")));
    }
}

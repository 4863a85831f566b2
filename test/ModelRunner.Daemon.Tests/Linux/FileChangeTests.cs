using ModelRunner.Linux.Files;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux;

public sealed class FileChangeTests
{
    [Fact]
    public async Task A_file_whose_time_was_set_back_shows_that_it_was_changed()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("file", "one");
        var before = FileStatus.Of(path);
        await DaemonFixture.WaitUntilAsync(
            () =>
            {
                File.WriteAllText(path, "two");
                File.SetLastWriteTimeUtc(path, before.Written.UtcDateTime);
                return Task.FromResult(FileStatus.Of(path).Changed > before.Changed);
            },
            TimeSpan.FromSeconds(10));

        Assert.Equal((before.Id, before.SizeBytes, before.Written), (FileStatus.Of(path).Id, FileStatus.Of(path).SizeBytes, FileStatus.Of(path).Written));
    }
}

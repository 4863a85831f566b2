using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux.Files;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Files;

public sealed class DescriptorWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string FilePath => Path.Join(_folder.Path, "log");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_line_gets_its_line_feed()
    {
        using (SafeFileHandle file = File.OpenHandle(FilePath, FileMode.Create, FileAccess.Write))
        {
            var writer = new DescriptorWriter((int)file.DangerousGetHandle());
            Assert.Null(writer.Write("ö"));
            Assert.Null(writer.Write(""));
        }

        Assert.Equal("ö\n\n", File.ReadAllText(FilePath));
    }

    [Fact]
    public void After_an_incomplete_line_the_next_one_begins_on_a_new_line()
    {
        using (SafeFileHandle file = File.OpenHandle(FilePath, FileMode.Create, FileAccess.Write))
        {
            var writer = new DescriptorWriter((int)file.DangerousGetHandle(), isWithinLine: true);
            Assert.Null(writer.Write("one"));
            Assert.Null(writer.Write("two"));
            Assert.False(writer.IsWithinLine);
        }

        Assert.Equal("\none\ntwo\n", File.ReadAllText(FilePath));
    }

    [Fact]
    public void A_full_disk_is_reported()
    {
        using SafeFileHandle full = File.OpenHandle("/dev/full", FileMode.Open, FileAccess.Write);
        var writer = new DescriptorWriter((int)full.DangerousGetHandle());

        Assert.Equal("No space left on device", writer.Write("one"));
        Assert.False(writer.IsWithinLine);
    }

    [Fact]
    public void A_closed_reader_is_reported()
    {
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.Out);
        pipe.DisposeLocalCopyOfClientHandle();
        var writer = new DescriptorWriter((int)pipe.SafePipeHandle.DangerousGetHandle());

        Assert.NotNull(writer.Write("one"));
    }
}

using System.Diagnostics;
using ModelRunner.Daemon.Models;
using ModelRunner.Linux.Files;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

public sealed class DiskUseTests : IDisposable
{
    private const int Size = 1 << 20;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_with_many_names_counts_once()
    {
        Write("a/weights.gguf");
        Write("b/other.gguf");
        Run("ln", PathOf("a/weights.gguf"), PathOf("b/hard.gguf"));
        File.CreateSymbolicLink(PathOf("b/soft.gguf"), PathOf("a/weights.gguf"));
        File.CreateSymbolicLink(PathOf("b/gone.gguf"), PathOf("nowhere"));
        Directory.CreateSymbolicLink(PathOf("b/loop"), _folder.Path);
        DiskUse disk = Create();

        Assert.Equal(2 * Size, disk.OfFolder(_folder.Path));
        Assert.Equal(0, disk.OfFolder(_folder.Path));
        Assert.Equal(0, disk.OfFile(PathOf("a/weights.gguf")));
        Assert.False(disk.IsIncomplete);
    }

    /// <summary>The disk of such a file may not respond.</summary>
    [Fact]
    public void A_file_that_a_scan_has_looked_at_counts_once_without_a_look()
    {
        Write("a/weights.gguf");
        FilePart part = FilePart.Of(FileStatus.Of(PathOf("a/weights.gguf")))!.Value;
        File.Delete(PathOf("a/weights.gguf"));
        DiskUse disk = Create();

        Assert.Equal(Size, disk.OfParts([part, part]));
        Assert.Equal(0, disk.OfParts([part]));
        Assert.False(disk.IsIncomplete);
        Assert.Equal(0, disk.OfParts(null));
        Assert.True(disk.IsIncomplete);
    }

    [Fact]
    public void Links_that_lead_out_of_the_folder_are_followed()
    {
        Write("blobs/sha256");
        Write("folder/x.gguf");
        Directory.CreateDirectory(PathOf("store"));
        File.CreateSymbolicLink(PathOf("store/a.gguf"), PathOf("blobs/sha256"));
        Directory.CreateSymbolicLink(PathOf("store/b"), PathOf("folder"));

        Assert.Equal(2 * Size, Create().OfFolder(PathOf("store")));
    }

    [Fact]
    public void What_a_file_occupies_counts_and_not_its_length()
    {
        using (FileStream sparse = File.Create(PathOf("sparse")))
            sparse.SetLength(100L << 20);

        Assert.Equal(100L << 20, FileStatus.Of(PathOf("sparse")).SizeBytes);
        Assert.InRange(Create().OfFile(PathOf("sparse")), 0, Size);
    }

    [Fact]
    public void The_number_of_entries_and_the_time_are_limited()
    {
        for (int i = 0; i < 20; i++)
            Write($"{i}");
        var few = new DiskUse(10, CancellationToken.None);
        Assert.InRange(few.OfFolder(_folder.Path), Size, 9 * Size);
        Assert.True(few.IsIncomplete);

        using var over = new CancellationTokenSource();
        over.Cancel();
        var late = new DiskUse(1000, over.Token);
        Assert.Equal(0, late.OfFolder(_folder.Path));
        Assert.True(late.IsIncomplete);
    }

    [Fact]
    public void Missing_and_generated_folders_count_nothing()
    {
        DiskUse disk = Create();

        Assert.Equal(0, disk.OfFolder(PathOf("nowhere")));
        Assert.Equal(0, disk.OfFile(PathOf("nowhere")));
        Assert.Equal(0, disk.OfFolder("/proc"));
        Assert.False(disk.IsIncomplete);
    }

    private static DiskUse Create() => new(1000, CancellationToken.None);

    private string PathOf(string name) => Path.Join(_folder.Path, name);

    private void Write(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
        File.WriteAllBytes(PathOf(name), new byte[Size]);
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}

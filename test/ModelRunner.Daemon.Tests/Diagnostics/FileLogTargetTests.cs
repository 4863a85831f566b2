using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Diagnostics;

public sealed class FileLogTargetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string LogPath => Path.Join(_folder.Path, "deep", FileLogTarget.FileName);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Lines_are_written_at_once_and_only_the_owner_can_read_them()
    {
        using var sink = Open();
        sink.Write("one");

        Assert.Equal("one\n", Read(LogPath));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(LogPath));
    }

    [Fact]
    public void A_later_start_appends_to_the_file()
    {
        Open().Dispose();
        using (var first = Open())
            first.Write("one");
        using var second = Open();
        second.Write("two");

        Assert.Equal("one\ntwo\n", Read(LogPath));
    }

    [Fact]
    public void Full_files_are_kept_for_a_while_and_then_removed()
    {
        using var sink = Open();
        for (int i = 0; i < 100; i++)
            sink.Write($"line {i:000}");

        string[] files = [.. Directory.GetFiles(Path.GetDirectoryName(LogPath)!).Order(StringComparer.Ordinal)];
        Assert.Equal([LogPath, $"{LogPath}.1", $"{LogPath}.2"], files);
        Assert.All(files, static file => Assert.InRange(new FileInfo(file).Length, 1, 100));
        Assert.EndsWith("line 099\n", Read(LogPath), StringComparison.Ordinal);
        Assert.True(string.CompareOrdinal(Read($"{LogPath}.2"), Read($"{LogPath}.1")) < 0);
    }

    [Fact]
    public void A_removed_folder_is_created_again_and_some_lines_are_lost()
    {
        using var sink = Open();
        Directory.Delete(Path.GetDirectoryName(LogPath)!, recursive: true);
        for (int i = 0; i < 100; i++)
            sink.Write($"line {i:000}");
        Assert.EndsWith("line 099\n", Read(LogPath), StringComparison.Ordinal);
    }

    [Fact]
    public void A_FIFO_instead_of_the_file_is_refused_without_waiting()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(LogPath)!);
        _folder.MakePipe(Path.GetRelativePath(_folder.Path, LogPath));

        var refusal = Assert.Throws<IOException>(Open);
        Assert.StartsWith(LogPath, refusal.Message, StringComparison.Ordinal);

        // With a reader the FIFO could be opened, and a write would block when the reader stops.
        using var reader = new FileStream(LogPath, FileMode.Open, FileAccess.ReadWrite);
        Assert.EndsWith("is not a regular file", Assert.Throws<IOException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_in_place_of_the_file_is_refused_and_its_target_is_not_written()
    {
        string target = Path.Join(_folder.Path, "target");
        File.WriteAllText(target, "kept");
        Directory.CreateDirectory(Path.GetDirectoryName(LogPath)!);
        File.CreateSymbolicLink(LogPath, target);

        Assert.Contains("is a link", Assert.Throws<IOException>(Open).Message, StringComparison.Ordinal);
        Assert.Equal("kept", File.ReadAllText(target));
    }

    [Fact]
    public void A_line_that_cannot_be_written_says_why_and_later_ones_are_written()
    {
        using var sink = Open();
        string folder = Path.GetDirectoryName(LogPath)!;
        sink.Write(new string('x', 99));
        Directory.Delete(folder, recursive: true);
        File.WriteAllText(folder, "a file where the folder was");

        Assert.NotNull(sink.Write("one"));
        File.Delete(folder);

        Assert.Null(sink.Write("two"));
        Assert.Equal("two\n", Read(LogPath));
    }

    private FileLogTarget Open() => new(Path.GetDirectoryName(LogPath)!, maxBytes: 100, kept: 2);

    private static string Read(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

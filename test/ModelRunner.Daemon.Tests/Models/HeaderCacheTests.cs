using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Models;
using ModelRunner.Linux.Files;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>What is known of a file becomes right by itself.</summary>
public sealed class HeaderCacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly HeaderCache _cache;

    public HeaderCacheTests() => _cache = new HeaderCache(FileThreads.Shared, _time);

    public void Dispose() => _folder.Dispose();

    /// <summary>As after <c>chmod</c>, only the time of the last change tells.</summary>
    [Fact]
    public async Task A_file_that_changed_with_the_same_size_and_the_same_time_of_writing_is_read_again()
    {
        byte[] content = SourceBed.Model(1);
        string path = _folder.Write("a.gguf", new byte[content.Length].Select(static _ => (byte)'x').ToArray());
        DateTime written = File.GetLastWriteTimeUtc(path);
        Assert.Equal("is not a GGUF file", await FindAsync(ModelFile.FromPath(path)));

        DateTimeOffset changed = FileStatus.Of(path).Changed;
        File.WriteAllBytes(path, content);

        // The clock of the file system has steps of some milliseconds.
        do
            File.SetLastWriteTimeUtc(path, written);
        while (FileStatus.Of(path).Changed == changed);

        Assert.Null(await FindAsync(ModelFile.FromPath(path)));
    }

    [Fact]
    public async Task A_file_that_ends_too_early_is_being_written_for_a_while_and_then_truncated()
    {
        byte[] content = SourceBed.Model(1);
        string path = _folder.Write("a.gguf", content[..^10]);
        var file = ModelFile.FromPath(path);
        AdvanceBeyondChange(path);

        Assert.Equal($"is still being written: so far, it has {content.Length - 10} of {content.Length} bytes", await FindAsync(file));
        Assert.True(_cache.IsBeingWritten(file));

        _time.Advance(HeaderCache.WritingTime);
        Assert.StartsWith("is truncated: it has ", await FindAsync(file), StringComparison.Ordinal);
        Assert.False(_cache.IsBeingWritten(file));
    }

    /// <summary>Nobody is told of each write, and a program may keep a file open for hours.</summary>
    [Fact]
    public async Task A_file_that_grows_is_looked_at_again()
    {
        byte[] content = SourceBed.Model(1);
        string path = _folder.Write("a.gguf", []);
        var file = ModelFile.FromPath(path);
        AdvanceBeyondChange(path);
        Assert.Equal("is still being written: so far, it is empty", await FindAsync(file));

        File.WriteAllBytes(path, new byte[content.Length]);
        _time.Advance(HeaderCache.ProblemLife);
        AdvanceBeyondChange(path);
        Assert.Equal("is still being written: so far, its beginning is missing", await FindAsync(file));
        File.WriteAllBytes(path, content);
        _time.Advance(HeaderCache.ProblemLife);

        Assert.Null(await FindAsync(file));
    }

    // The file system has the time of the machine. The clock follows it, so that the speed of the machine does not matter.
    private void AdvanceBeyondChange(string path)
    {
        DateTimeOffset next = FileStatus.Of(path).Changed.AddSeconds(1);
        if (next > _time.GetUtcNow())
            _time.SetUtcNow(next);
    }

    private async Task<string?> FindAsync(ModelFile file)
    {
        await _cache.ReadAsync(file);
        return _cache.Find(file).Problem;
    }
}

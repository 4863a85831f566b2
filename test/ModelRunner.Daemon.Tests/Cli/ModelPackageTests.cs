using ModelRunner.Cli;
using ModelRunner.Client;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>The files of <c>model-runner package</c> change while they are read for the second time.</summary>
public sealed class ModelPackageTests : IDisposable
{
    private static readonly byte[] Bytes = new byte[3 * 1024 * 1024];

    private readonly TemporaryFolder _folder = new();
    private readonly string _path;
    private readonly ModelPackage _package;

    public ModelPackageTests()
    {
        _path = _folder.PathOf("a.gguf");
        File.WriteAllBytes(_path, Bytes);
        _package = ModelPackage.Of([new PackagedFile(_path, new Descriptor(MediaTypes.Gguf, ContentHash.Of(Bytes), Bytes.Length))], static _ => [1]);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_archive_has_the_length_that_was_told()
    {
        using var archive = new MemoryStream();
        long counted = 0;

        await _package.WriteAsync(archive, count => counted += count, Token);

        Assert.Equal((_package.Length, Bytes.Length), (archive.Length, counted));
    }

    [Fact]
    public async Task A_file_that_becomes_shorter_between_two_reads_is_an_error_in_one_line()
    {
        using var archive = new MemoryStream();
        int reads = 0;

        CliFailure failure = await Assert.ThrowsAsync<CliFailure>(() => _package.WriteAsync(archive, Shorten, Token));

        Assert.Equal($"\"{_path}\" was changed while it was packaged; try again", failure.Message);
        Assert.Equal(1, reads);

        void Shorten(int count)
        {
            reads++;
            using FileStream file = File.OpenWrite(_path);
            file.SetLength(count);
        }
    }

    [Fact]
    public async Task A_file_that_is_gone_is_the_same_error()
    {
        File.Delete(_path);

        CliFailure failure = await Assert.ThrowsAsync<CliFailure>(() => _package.WriteAsync(Stream.Null, static _ => { }, Token));

        Assert.Equal($"\"{_path}\" was changed while it was packaged; try again", failure.Message);
    }
}

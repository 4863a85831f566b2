using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Pulls;
using ModelRunner.Testing;

namespace ModelRunner.Store.Tests.Pulls;

/// <summary>A real file system becomes full or read-only during a pull. The pull says so, keeps what was fetched, and the next one finishes.</summary>
public sealed class FullDiskPullTests : IAsyncLifetime
{
    private const int Length = 3_000_000;

    private readonly byte[] _weights = MadeArtifact.MakeWeights(Length);
    private readonly MadeArtifact _made;
    private readonly PullFixture _fixture;
    private readonly Descriptor _layer;
    private Action<string> _onStep = static _ => { };
    private FakeRegistry _registry = null!;
    private SmallFileSystem? _disk;

    public FullDiskPullTests()
    {
        _made = MadeArtifact.Of(_weights);
        _layer = _made.Read().Layers[0];
        _fixture = new PullFixture(new PullSettings { SpareBytes = 0 }, beforeStep: step => _onStep(step));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private StoreFolder Folder => _fixture.Store.Folder;

    private SmallFileSystem Disk => _disk!;

    public async ValueTask InitializeAsync()
    {
        Prerequisite.Require(Environment.IsPrivilegedProcess, "Only root can mount a small file system.");
        _disk = await SmallFileSystem.MountAsync(Folder.Root, "4m");
        _registry = await FakeRegistry.StartAsync(_made);
    }

    public async ValueTask DisposeAsync()
    {
        if (_registry is not null)
            await _registry.DisposeAsync();
        if (_disk is not null)
            await _disk.DisposeAsync();
        _fixture.Dispose();
    }

    /// <summary>The kernel writes a part of the bytes and then has no room. That part was not hashed, so it must not stay.</summary>
    [Fact]
    public async Task A_write_that_does_not_fit_leaves_the_bytes_before_it()
    {
        const int Kept = 1_000_000;
        using (PartialBlob blob = PartialBlob.TryOpen(Folder, _layer)!)
        {
            await blob.AppendAsync(_weights.AsMemory(0, Kept), Token);
            LeaveRoom(300_000);

            StoreException failure = await Assert.ThrowsAsync<StoreException>(async () => await blob.AppendAsync(_weights.AsMemory(Kept, 1_000_000), Token));

            Assert.Equal(StoreErrorReason.NoSpace, failure.Reason);
            Assert.Equal(
                "there is no space for 2000000 more bytes in the model store; what was fetched is kept: make space and pull again", failure.Message);
            Assert.Equal((Kept, Length - Kept), (blob.Length, blob.Missing));
        }

        Assert.Equal(_weights[..Kept], await File.ReadAllBytesAsync(Folder.PartialOf(_layer.Digest), Token));
        Disk.Free();
        using PartialBlob next = PartialBlob.TryOpen(Folder, _layer)!;
        await next.ContinueAsync(static _ => { }, Token);
        await next.AppendAsync(_weights.AsMemory(Kept), Token);
        next.Complete();
        Assert.Equal(_weights, await File.ReadAllBytesAsync(Folder.BlobOf(_layer.Digest), Token));
    }

    /// <summary>As on a file system that cannot reserve space: the disk had enough at the beginning, and another program took it.</summary>
    [Fact]
    public async Task A_disk_that_becomes_full_in_the_middle_of_a_file_ends_the_pull_and_the_next_one_continues()
    {
        await PutConfigAsync();
        _onStep = step =>
        {
            if (step == "append" && LengthOfPartial() > 500_000)
                TakeAllSpace();
        };

        PullOutcome failed = await _fixture.PullAsync(_registry.Name);

        long kept = LengthOfPartial();
        Assert.Equal(PullResult.NoSpace, failed.Result);
        Assert.Equal($"there is no space for {Length - kept} more bytes in the model store; what was fetched is kept: make space and pull again", failed.Message);
        Assert.InRange(kept, 500_000, Length - 1);
        Assert.Equal(_weights[..(int)kept], await File.ReadAllBytesAsync(Folder.PartialOf(_layer.Digest), Token));
        Assert.Empty(_fixture.Store.Read().Entries);

        // Nothing has become free: the same error, and nothing is lost.
        _onStep = static _ => { };
        PullOutcome again = await _fixture.PullAsync(_registry.Name);
        Assert.Equal((PullResult.NoSpace, kept), (again.Result, LengthOfPartial()));

        Disk.Free();
        _registry.Offsets.Clear();
        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(_registry.Name)).Result);
        Assert.Contains(kept, _registry.Offsets);
        Assert.DoesNotContain(0, _registry.Offsets);
        _fixture.AssertHas(_made, _registry.Name.ToString());
        Assert.Null(_fixture.Mistake);
    }

    [Theory]
    [InlineData("open", "there is no space ")]
    [InlineData("index", "make space")]
    public async Task A_disk_that_becomes_full_before_the_first_byte_or_after_the_last_one_is_told(string when, string expected)
    {
        _onStep = step =>
        {
            if (step == when)
                Fill();
        };

        PullOutcome failed = await _fixture.PullAsync(_registry.Name);

        Assert.Equal(PullResult.NoSpace, failed.Result);
        Assert.Contains(expected, failed.Message, StringComparison.Ordinal);
        Assert.Empty(_fixture.Store.Read().Entries);
        Assert.Equal(when == "index", _fixture.Store.Has(_layer));

        _onStep = static _ => { };
        Disk.Free();
        int before = _registry.Requests;
        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(_registry.Name)).Result);
        Assert.Equal(when == "index" ? 0 : 2, _registry.Requests - before);
        _fixture.AssertHas(_made, _registry.Name.ToString());
        Assert.Null(_fixture.Mistake);
    }

    /// <summary>Wrong bytes are dropped, and the file is fetched once more. Before, its space was free for others meanwhile.</summary>
    [Fact]
    public async Task The_space_stays_reserved_when_a_file_begins_again()
    {
        await PutConfigAsync();
        byte[] wrong = [.. _weights];
        wrong[^1] ^= 1;
        _registry.Spoil(FakeRegistry.Send(wrong));
        _onStep = step =>
        {
            if (step == "append" && _registry.Requests == 2)
                Fill();
        };

        PullOutcome outcome = await _fixture.PullAsync(_registry.Name);

        // Only the list of models found no room.
        Assert.Equal(2, _registry.Requests);
        Assert.True(_fixture.Store.Has(_layer), outcome.Message);
    }

    [Fact]
    public async Task A_store_that_is_read_only_is_told_before_anything_is_fetched()
    {
        await Disk.RemountAsync("ro");

        PullOutcome failed = await _fixture.PullAsync(_registry.Name);

        Assert.Equal(PullResult.Store, failed.Result);
        Assert.Equal("the model store cannot be written: read-only file system; check the folder in MODELS_PATH, its owner and its disk", failed.Message);
        Assert.Equal(0, _registry.Requests);
        Assert.Empty(_fixture.Store.Read().Entries);

        await Disk.RemountAsync("rw");
        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(_registry.Name)).Result);
        _fixture.AssertHas(_made, _registry.Name.ToString());
        Assert.Null(_fixture.Mistake);
    }

    private long LengthOfPartial() => PartialBlob.LengthOf(Folder, _layer);

    // So the weights are the only file that is fetched.
    private async Task PutConfigAsync()
    {
        Descriptor config = _made.Read().Config;
        using PartialBlob blob = PartialBlob.TryOpen(Folder, config)!;
        await blob.AppendAsync(_made.Files[config.Digest], Token);
        blob.Complete();
    }

    // The files of a pull are written by several threads.
    private void Fill()
    {
        lock (_made)
            Disk.Fill();
    }

    private void LeaveRoom(int bytes)
    {
        string room = Path.Join(Folder.Root, "room");
        File.WriteAllBytes(room, new byte[bytes]);
        Disk.Fill();
        File.Delete(room);
    }

    // What was reserved behind the bytes of the partial file is given back, and then everything is taken.
    private void TakeAllSpace()
    {
        // FileStream would want a lock, which the pull has.
        using (var partial = new SafeFileHandle(Libc.OpenAt(Libc.CurrentDirectory, Folder.PartialOf(_layer.Digest), Libc.OpenReadWrite, 0), ownsHandle: true))
            RandomAccess.SetLength(partial, RandomAccess.GetLength(partial));
        Fill();
    }
}

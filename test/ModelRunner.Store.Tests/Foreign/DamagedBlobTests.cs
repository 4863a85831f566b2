using System.Globalization;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Tests.Pulls;

namespace ModelRunner.Store.Tests.Foreign;

/// <summary>A file of a store has its name only after its last byte, so one of another size is damaged.</summary>
public sealed class DamagedBlobTests : IDisposable
{
    private static readonly byte[] Weights = [.. "GGUF"u8, .. new byte[3000]];

    private readonly PullFixture _fixture = new();
    private readonly MadeArtifact _made = MadeArtifact.Of(Weights);

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(3003)]
    [InlineData(3005)]
    public async Task A_file_of_another_size_is_damage_and_a_pull_repairs_it(int length)
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await _fixture.PullAsync(registry.Name);
        Assert.Null(Assert.Single(List()).Problem);
        using (FileStream blob = File.OpenWrite(_fixture.Store.Folder.BlobOf(_made.Read().Layers[0].Digest)))
            blob.SetLength(length);

        Assert.Equal(
            string.Create(
                CultureInfo.InvariantCulture,
                $"has the damaged file {_made.Read().Layers[0].Digest}: it has {length} of 3004 bytes; pull, load or package the model again"),
            Assert.Single(List()).Problem);

        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);
        Assert.Null(Assert.Single(List()).Problem);
    }

    private IReadOnlyList<ForeignModel> List() => ArtifactStore.List([_fixture.Store.Folder.Root], new ForeignScan(TimeProvider.System, new ScanLimits())).Models;
}

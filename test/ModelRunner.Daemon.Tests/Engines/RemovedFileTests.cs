using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines;

/// <summary>Starts of models whose files are removed, or are about to be.</summary>
public sealed class RemovedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LaunchBed _bed = new();

    [Theory]
    [InlineData("blobs/own")]
    [InlineData("blobs/draft")]
    [InlineData("blobs")]
    public async Task A_file_that_a_removal_is_about_to_delete_is_loaded_by_no_runner(string removed)
    {
        ModelEntry model = MakeModel();
        using (_bed.Removals.Add([_folder.PathOf(removed)]))
        using (_bed.Removals.Add([_folder.PathOf(removed)]))
            await CheckCancelledAsync(_bed.StartModel(model));

        IManagedRunner runner = _bed.StartModel(model);

        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));
        await runner.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);
    }

    [Fact]
    public async Task A_removal_of_other_files_delays_nothing()
    {
        ModelEntry model = MakeModel();
        using IDisposable added = _bed.Removals.Add([_folder.PathOf("blobs/o"), _folder.PathOf("blobs/own2")]);

        IManagedRunner runner = _bed.StartModel(model);

        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));
        await runner.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);
    }

    [Theory]
    [InlineData("blobs/own")]
    [InlineData("blobs/draft")]
    public async Task A_file_that_was_there_when_the_request_came_and_is_gone_is_no_crash(string removed)
    {
        ModelEntry model = MakeModel();
        File.Delete(_folder.PathOf(removed));

        await CheckCancelledAsync(_bed.StartModel(model));
    }

    public void Dispose()
    {
        _bed.Dispose();
        _folder.Dispose();
    }

    private static async Task CheckCancelledAsync(IManagedRunner runner)
    {
        RunnerFailure? failure = await runner.Ready.WaitAsync(LaunchBed.Limit);
        Assert.Equal(StopReason.Outdated, failure?.Reason);
        Assert.Null(runner.ProcessId);
    }

    private ModelEntry MakeModel()
    {
        Directory.CreateDirectory(_folder.PathOf("blobs"));
        string[] paths = [_folder.PathOf("blobs/own"), _folder.PathOf("blobs/draft")];
        foreach (string path in paths)
            File.WriteAllText(path, "GGUF");
        return new ModelEntry("tiny:latest", paths[0], 4, DateTimeOffset.UnixEpoch, new ModelSettings())
        {
            ContextSize = 512, Slots = 2, Files = [.. paths.Select(ModelFile.FromPath)],
        };
    }
}

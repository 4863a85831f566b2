using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Api;
using ModelRunner.Daemon.Inference.Bodies;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Tests.Models;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Api;

public sealed class LateRefusalTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A slow registry may need many seconds for its first answer. Only a push that waits for others begins its stream before that.</summary>
    [Fact]
    public async Task A_push_that_a_slow_registry_refuses_is_an_error_with_its_own_status()
    {
        var arrived = new TaskCompletionSource();
        var refusal = new TaskCompletionSource();
        await using LoopbackServer registry = await LoopbackServer.StartAsync(async context =>
        {
            arrived.TrySetResult();
            await refusal.Task;
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
        });
        using var bed = new ArtifactBed();
        string name = $"127.0.0.1:{registry.Address.Port}/me/a";
        bed.Add(RegistryModel.Make(SourceBed.Model(1)).ManifestDigest, 1, $"{name}:v1");
        using ModelCatalog catalog = bed.Catalog();
        using var pulls = new ModelPulls(() => bed.Settings, bed.Time, NullLogger<ModelPulls>.Instance, FileThreads.Pulls);
        var actions = new ModelActions();
        var bodies = new RequestBodies(RequestBodies.DefaultBudgetBytes, bed.Time);
        new PushEndpoint(pulls, new StoredModels(pulls, catalog), bodies, bed.Time, CancellationToken.None).AddTo(actions);
        using var written = new MemoryStream();
        var context = new DefaultHttpContext { Request = { Method = "POST", Body = Stream.Null }, Response = { Body = written } };
        Assert.True(actions.TryFind(context, $"{name}:v1/push", out Func<Task>? run));

        Task push = run();
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        for (int second = 0; second < 10; second++)
        {
            bed.Time.Advance(ProgressResponse.SilentWait);
            await Task.Yield();
        }

        refusal.SetResult();
        ApiError error = (await Assert.ThrowsAsync<ApiException>(() => AdvanceUntilAsync(push, bed.Time))).Error;

        Assert.Equal(StatusCodes.Status403Forbidden, error.Status);
        Assert.Equal(0, written.Length);
    }

    // The endpoint looks at its push with each tick of the clock.
    private static async Task AdvanceUntilAsync(Task task, FakeTimeProvider time)
    {
        while (!task.IsCompleted)
        {
            time.Advance(ProgressResponse.SilentWait);
            await Task.Delay(1, Token);
        }

        await task;
    }
}

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Api;
using ModelRunner.Daemon.Inference.Bodies;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Daemon.Tests.Models;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Api;

public sealed class LateRefusalTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A slow registry may need many seconds for its first answer. Only a push that waits for others begins its stream before that.</summary>
    [Fact]
    public async Task A_push_that_a_slow_registry_refuses_is_an_error_with_its_own_status()
    {
        var time = new TimerWatch();
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
        using var pulls = new ModelPulls(() => bed.Settings, time, NullLogger<ModelPulls>.Instance, FileThreads.Pulls);
        var actions = new ModelActions();
        var bodies = new RequestBodies(RequestBodies.DefaultBudgetBytes, time);
        new PushEndpoint(pulls, new StoredModels(pulls, catalog), bodies, time, CancellationToken.None).AddTo(actions);
        using var written = new MemoryStream();
        var context = new DefaultHttpContext { Request = { Method = "POST", Body = Stream.Null }, Response = { Body = written } };
        using var looks = new LookSignal(time);
        context.Features.Set<IHttpRequestLifetimeFeature>(looks);
        Assert.True(actions.TryFind(context, $"{name}:v1/push", out Func<Task>? run));

        Task push = run();
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        await looks.WaitForLookAsync();
        for (TimeSpan passed = TimeSpan.Zero; passed < 2 * ProgressResponse.SilentWait; passed += ProgressResponse.Interval)
        {
            time.Advance(ProgressResponse.Interval);
            await looks.WaitForLookAsync();
        }

        refusal.SetResult();
        ApiError error = (await Assert.ThrowsAsync<ApiException>(() => AdvanceUntilAsync(push, time))).Error;

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

    /// <summary>The endpoint asks whether the client has left each time it looks at its push: once before the first tick, and once after each tick.</summary>
    /// <param name="time">The clock of the endpoint. What is asked before its timer exists does not count.</param>
    private sealed class LookSignal(TimerWatch time) : IHttpRequestLifetimeFeature, IDisposable
    {
        private readonly SemaphoreSlim _looks = new(0);

        public CancellationToken RequestAborted
        {
            get
            {
                if (time.DueTimes.Contains(ProgressResponse.Interval))
                    _looks.Release();
                return CancellationToken.None;
            }

            set => throw new NotSupportedException();
        }

        public void Abort() => throw new NotSupportedException();

        public async Task WaitForLookAsync() => Assert.True(await _looks.WaitAsync(DaemonFixture.Patience, Token), "The endpoint did not look at its push.");

        public void Dispose() => _looks.Dispose();
    }
}

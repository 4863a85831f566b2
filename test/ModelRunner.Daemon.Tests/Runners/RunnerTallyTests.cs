using System.Text;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>The comparison of the daemon's counts with the counters of a runner.</summary>
public sealed class RunnerTallyTests
{
    private static readonly RunnerKey Key = new("llama.cpp", "a:latest", RunnerMode.Completion);

    private readonly FakeTimeProvider _time = new();
    private readonly RequestAccounts _accounts;

    public RunnerTallyTests()
    {
        _accounts = new RequestAccounts(_time);
        _accounts.Assign(_accounts.Begin(), Key);
    }

    [Fact]
    public void Equal_counts_have_no_drift_and_nothing_is_known_before_the_first_comparison()
    {
        RunnerTally tally = Start(CounterReading.Zero);
        Send(tally, 10, 20);
        Assert.False(IsKnown);
        Read(tally, "10", "20");

        Assert.Equal((0, 0), Drift());
        Assert.True(IsKnown);
        Assert.False(Account().Drift.IsKnown(DriftSource.Usage));
    }

    [Fact]
    public void A_difference_is_shown_until_it_is_made_up_for_and_counts_once()
    {
        RunnerTally tally = Start(CounterReading.Zero);
        Send(tally, 10, 20);
        Read(tally, "12", "15");
        Assert.Equal((-2, 5), Drift());
        Read(tally, "12", "15");
        Assert.Equal((-2, 5), Drift());
        Send(tally, 2, 0);
        Read(tally, "12", "20");
        Assert.Equal((0, 0), Drift());
    }

    [Theory]
    [InlineData("1.00001e+06", 1_000_014, 0)]
    [InlineData("1.00001e+06", 1_000_015, 0)]
    [InlineData("1.00001e+06", 1_000_016, 6)]
    [InlineData("1.1e+06", 1_099_995, 0)]
    [InlineData("1.1e+06", 1_099_994, -6)]
    [InlineData("1.23457e+07", 12_345_678, 0)]
    [InlineData("999999", 999_998, -1)]
    [InlineData("1234567", 1_234_566, -1)]
    public void A_difference_within_the_six_digits_of_llama_server_is_none(string printed, long counted, long expected)
    {
        RunnerTally tally = Start(CounterReading.Zero);
        Send(tally, counted, 0);
        Read(tally, printed, "0");

        Assert.Equal((expected, 0), Drift());
    }

    [Fact]
    public void A_page_that_was_read_while_a_request_ran_is_not_compared()
    {
        RunnerTally tally = Start(CounterReading.Zero);
        long? before = tally.BeginReading();
        tally.Begin();
        Assert.Null(tally.BeginReading());
        tally.Compare(before, Reading("3", "0"));
        tally.Add(5, 5);
        tally.Compare(before, Reading("3", "0"));
        tally.End();
        tally.Compare(before, Reading("3", "0"));
        tally.Compare(tally.BeginReading(), Reading("3", "0", processing: 1));

        Assert.False(IsKnown);
        Read(tally, "5", "5");
        Assert.Equal((0, 0), Drift());
    }

    [Fact]
    public void Tokens_of_a_request_that_was_cut_are_left_out_and_known_differences_remain()
    {
        RunnerTally tally = Start(CounterReading.Zero);
        Send(tally, 10, 10);
        Read(tally, "10", "11");
        Assert.Equal((0, -1), Drift());
        tally.Begin();
        tally.Cut();
        tally.End();
        Read(tally, "10", "11");
        _time.Advance(TimeSpan.FromSeconds(2));
        Read(tally, "17", "16");
        Assert.Equal((0, -1), Drift());
        Send(tally, 1, 1);
        Read(tally, "18", "18");
        Assert.Equal((0, -2), Drift());
    }

    [Fact]
    public void Counters_that_start_again_are_a_new_start()
    {
        RunnerTally tally = Start(CounterReading.Zero);
        Send(tally, 100, 100);
        Read(tally, "100", "100", process: 1);
        Send(tally, 100, 100);

        // The process was replaced, and its counters are already higher than before.
        Read(tally, "150", "150", process: 2);
        Assert.Equal((0, 0), Drift());
        Send(tally, 1, 1);
        Read(tally, "1", "1", process: 2);
        Assert.Equal((0, 0), Drift());
        Send(tally, 5, 5);
        Read(tally, "6", "7", process: 2);
        Assert.Equal((0, -1), Drift());
    }

    [Fact]
    public void The_first_page_of_an_attached_runner_is_the_start()
    {
        RunnerTally tally = Start(null);
        Send(tally, 3, 3);
        Read(tally, "5000", "7000");
        Send(tally, 10, 10);
        Read(tally, "5010", "7010");
        Assert.Equal((0, 0), Drift());

        // Another client uses it.
        Read(tally, "5013", "7014");
        Assert.Equal((-3, -4), Drift());
    }

    [Fact]
    public void A_server_that_is_attached_twice_is_not_compared()
    {
        RunnerTally tally = Start(CounterReading.Zero);
        tally.IsShared = true;
        Read(tally, "5", "5");

        Assert.False(IsKnown);
        Assert.Equal(5, tally.Last!.Value.Prompt.Count);
    }

    [Fact]
    public void The_requests_of_another_runner_of_the_server_are_not_drift_when_it_is_detached()
    {
        RunnerTally tally = Start(CounterReading.Zero);
        Send(tally, 10, 10);
        Read(tally, "10", "10");

        tally.IsShared = true;
        Read(tally, "500", "600");
        tally.IsShared = false;
        Read(tally, "700", "800");
        Send(tally, 5, 5);
        Read(tally, "705", "805");

        Assert.Equal((0, 0), Drift());
    }

    [Theory]
    [InlineData("")]
    [InlineData("# TYPE vllm:prompt_tokens_total counter\nvllm:prompt_tokens_total 3\n")]
    [InlineData("x 1\nllamacpp:prompt_tokens_total 3\n")]
    [InlineData("x 1\nllamacpp:prompt_tokens_total NaN\nllamacpp:tokens_predicted_total 1\n")]
    [InlineData("x 1\nllamacpp:prompt_tokens_total 3\nllamacpp:tokens_predicted_total -1\n")]
    [InlineData("x 1\nllamacpp:prompt_tokens_total 3\nllamacpp:tokens_predicted_total 1")]
    [InlineData("x 1\nllamacpp:prompt_tokens_total 1e300\nllamacpp:tokens_predicted_total 1\n")]
    public void A_page_without_both_counters_has_no_reading(string page) => Assert.Null(CounterReading.Find(Encoding.UTF8.GetBytes(page)));

    [Fact]
    public void A_page_that_does_not_tell_whether_the_runner_is_idle_is_not_compared() => Assert.False(
        CounterReading.Find("# x\nllamacpp:prompt_tokens_total 3\nllamacpp:tokens_predicted_total 1\n"u8)!.Value.IsIdle);

    private static CounterReading Reading(string prompt, string generated, int processing = 0) => CounterReading.Find(Encoding.UTF8.GetBytes(
        $"# x\nllamacpp:prompt_tokens_total {prompt}\nllamacpp:tokens_predicted_total {generated}\nllamacpp:requests_processing {processing}\n"))!.Value;

    private static void Read(RunnerTally tally, string prompt, string generated, long? process = null) =>
        tally.Compare(tally.BeginReading(), Reading(prompt, generated) with { Process = process });

    private static void Send(RunnerTally tally, long prompt, long generated)
    {
        tally.Begin();
        tally.Add(prompt, generated);
        tally.End();
    }

    private bool IsKnown => Account().Drift.IsKnown(DriftSource.Runner);

    private RunnerTally Start(CounterReading? start) => new(Key, _accounts, _time, start);

    private ModelAccount Account() => Assert.Single(_accounts.Table.Models);

    private (long Prompt, long Generated) Drift() => (Account().Drift.Prompt(DriftSource.Runner), Account().Drift.Generated(DriftSource.Runner));
}

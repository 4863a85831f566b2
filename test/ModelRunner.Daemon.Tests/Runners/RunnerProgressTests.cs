using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Tests.Runners;

public sealed class RunnerProgressTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly RunnerProgress _progress;

    public RunnerProgressTests() => _progress = new RunnerProgress(_time);

    [Fact]
    public void Time_without_requests_does_not_count()
    {
        Pass(100);
        Assert.Null(_progress.Standstill);
        _progress.Begin();

        Assert.Equal(TimeSpan.Zero, _progress.Standstill);
        Pass(3);
        Assert.Equal(TimeSpan.FromSeconds(3), _progress.Standstill);
    }

    [Fact]
    public void Clients_that_give_up_and_come_back_do_not_hide_a_standstill()
    {
        for (int i = 0; i < 5; i++)
        {
            RequestTurn request = _progress.Begin();
            Pass(60);
            request.End();
            _progress.ForgetAfter(TimeSpan.FromSeconds(1001));
            Pass(1000);
        }

        _progress.Begin();
        Assert.Equal(TimeSpan.FromSeconds(300), _progress.Standstill);
    }

    [Fact]
    public void A_byte_ends_a_standstill_of_all_requests()
    {
        RequestTurn first = _progress.Begin();
        RequestTurn second = _progress.Begin();
        Pass(60);
        _progress.Move();
        Pass(2);
        first.End();
        Pass(100);

        Assert.Equal(TimeSpan.FromSeconds(102), _progress.Standstill);
        _progress.Move();
        second.End();
        Pass(50);
        _progress.Begin();
        Assert.Equal(TimeSpan.Zero, _progress.Standstill);
    }

    [Fact]
    public void A_standstill_is_forgotten_after_a_long_time_without_requests()
    {
        RequestTurn request = _progress.Begin();
        Pass(60);
        request.End();
        Pass(100);
        _progress.ForgetAfter(TimeSpan.FromSeconds(100));
        _progress.Begin();

        Assert.Equal(TimeSpan.Zero, _progress.Standstill);
        Pass(60);
        _progress.ForgetAfter(TimeSpan.Zero);
        Assert.Equal(TimeSpan.FromSeconds(60), _progress.Standstill);
    }

    [Fact]
    public void Time_in_which_clients_do_not_read_does_not_count()
    {
        RequestTurn slow = _progress.Begin();
        Pass(10);
        slow.AwaitClient();
        Pass(1000);
        Assert.Null(_progress.Standstill);
        Assert.Equal(1, _progress.Requests);

        RequestTurn other = _progress.Begin();
        Pass(5);
        Assert.Equal(TimeSpan.FromSeconds(15), _progress.Standstill);
        other.End();
        slow.AwaitRunner();
        Pass(1);
        Assert.Equal(TimeSpan.FromSeconds(16), _progress.Standstill);
    }

    [Fact]
    public void What_comes_after_the_end_of_a_request_changes_nothing()
    {
        RequestTurn request = _progress.Begin();
        request.End();
        request.AwaitRunner();
        request.AwaitClient();
        request.AwaitRunner();
        request.End();

        Assert.Equal(0, _progress.Requests);
        Assert.Null(_progress.Standstill);
    }

    [Fact]
    public void The_sign_of_a_page_is_about_tokens_and_not_about_time()
    {
        UInt128? before = ProgressSign.OfPage("# HELP x tokens\nprocess_cpu_seconds_total 1\nvllm:prompt_tokens_total{a=\"b\"} 5\n"u8);

        Assert.Equal(before, ProgressSign.OfPage("process_cpu_seconds_total 2\nvllm:prompt_tokens_total{a=\"b\"} 5"u8));
        Assert.NotEqual(before, ProgressSign.OfPage("process_cpu_seconds_total 1\nvllm:prompt_tokens_total{a=\"b\"} 6\n"u8));
        Assert.Null(ProgressSign.OfPage("process_cpu_seconds_total 2\n"u8));
        Assert.NotEqual(ProgressSign.OfSlots("[{\"n_decoded\":1}]"u8), ProgressSign.OfSlots("[{\"n_decoded\":2}]"u8));
    }

    private void Pass(int seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));
}

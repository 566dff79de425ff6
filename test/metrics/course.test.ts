import { expect, test } from 'vitest';
import { type Course, groupCourses } from '../../src/core/metrics/course.js';

const at = (seconds: number) => new Date(seconds * 1_000).toISOString();
const course = (labels: Record<string, string>, ...points: [number, number][]): Course => ({
  labels,
  points: points.map(([second, value]) => [at(second), value]),
});
const count = { type: 'gauge', unit: 'count' } as const;
const minute = { stepMs: 60_000, lookBackMs: 300_000 };

test('a step takes the newest sample until then, and forgets a series that has ended', () => {
  const [only] = groupCourses([course({ queue: 'a' }, [10, 1], [50, 2], [70, 3], [700, 9])], count, minute);
  expect(only!.labels).toEqual({ queue: 'a' });
  // From 70 s on nothing came for more than five minutes.
  expect(only!.points).toEqual([
    [at(60), 2],
    ...[120, 180, 240, 300, 360].map((second) => [at(second), 3]),
    [at(720), 9],
  ]);
});

test('series of other labels are added up; of ages and delays the largest counts', () => {
  const courses = [
    course({ queue: 'a', instance: '1' }, [5, 1], [65, 4]),
    course({ queue: 'a', instance: '2' }, [20, 10], [80, 20]),
    course({ queue: 'b', instance: '1' }, [20, 7]),
  ];
  const by = { ...minute, by: ['queue'] };
  expect(groupCourses(courses, count, by)).toEqual([
    course({ queue: 'a' }, [60, 11], [120, 24]),
    course({ queue: 'b' }, [60, 7]),
  ]);
  expect(groupCourses(courses, { type: 'gauge', unit: 'seconds' }, by)[0]).toEqual(
    course({ queue: 'a' }, [60, 10], [120, 20]),
  );
  expect(groupCourses(courses, count, { ...minute, by: [] })).toEqual([course({}, [60, 18], [120, 24])]);
  expect(groupCourses([], count, by)).toEqual([]);
});

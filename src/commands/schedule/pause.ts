import { switchSchedule } from './switch-schedule.js';

export const run = switchSchedule('pause');

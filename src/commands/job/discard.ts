export { run } from '../dlq/discard.js';

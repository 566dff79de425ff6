/** What the archive of the trail needs of a place that keeps objects. */

/** One version of an object. */
export interface ObjectVersion {
  /** Null where a place has no versions. */
  readonly versionId: string | null;
  /** Somebody deleted the object without its versions. */
  readonly isDeleteMarker: boolean;
}

/** A key with its versions, oldest first. */
export interface ListedObject {
  readonly key: string;
  readonly versions: readonly ObjectVersion[];
}

/** How a version is kept from being changed. */
export interface Protection {
  readonly mode: 'compliance' | 'governance' | 'none';
  readonly retainUntil: Date | undefined;
  readonly legalHold: boolean;
}

/** Something about the place that makes it unfit (`fail`) or weaker than it should be (`warn`). */
export interface PlaceFinding {
  readonly severity: 'fail' | 'warn';
  readonly what: string;
  readonly fix: string;
}

export interface ArchiveStore {
  /** `s3://bucket/prefix`, or `directory:<path>`. */
  readonly name: string;
  /** Whether the place itself refuses to change or delete what it keeps. */
  readonly isImmutable: boolean;
  /**
   * Keeps an object, and returns the version that counts: the oldest with this content. Safe to repeat after any
   * outcome. @throws ARCHIVE_UNAVAILABLE, ARCHIVE_REFUSED
   */
  put(key: string, bytes: Buffer): Promise<string | null>;
  /** The content of a version, of the oldest unless told; undefined when it is not there. */
  get(key: string, versionId?: string | null): Promise<Buffer | undefined>;
  /** Everything whose key begins so, in the order of keys; behind a key, where one is given. */
  list(prefix: string, behind?: string): AsyncIterable<ListedObject>;
  protection(key: string, versionId: string | null): Promise<Protection>;
  /** What is wrong with the place. */
  check(): Promise<PlaceFinding[]>;
  close(): void;
}

/** Where the archive is, and how it has to be kept. */
export interface ArchiveOptions {
  /** `s3://bucket/prefix`, or the path of a folder, which is no immutable place. */
  readonly place: string;
  /** The weakest lock that is accepted in a bucket; `compliance` unless told. */
  readonly mode?: 'compliance' | 'governance' | undefined;
  /** Years that objects have to be kept; at least 7. */
  readonly retentionYears?: number | undefined;
  /** A legal hold on everything that is written. */
  readonly legalHold?: boolean | undefined;
  /** For places that speak S3 and are not of AWS; region and credentials are found as by every AWS program. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
}

/** Least retention of the trail (requirements §16). */
export const retentionYearsMin = 7;

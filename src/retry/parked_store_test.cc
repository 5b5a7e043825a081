#include "retry/parked_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <thread>

namespace syncline::retry {
namespace {

class ParkedStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "parked_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    open();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::string path() const { return (folder_ / "parked.db").string(); }
  void open() {
    store_.reset();
    auto opened = ParkedStore::open(path());
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(opened).value();
  }
  static ParkedDocument document(std::string plan, std::string job, std::string id) {
    ParkedDocument parked;
    parked.plan = std::move(plan);
    parked.job = std::move(job);
    parked.id = std::move(id);
    parked.status = 400;
    parked.type = "mapper_parsing_exception";
    parked.reason = "failed to parse";
    parked.first_at_us = parked.last_at_us = 1000;
    return parked;
  }
  // One number from the file itself, past the store's memory.
  int64_t ask(const std::string& sql) {
    sqlite3* database = nullptr;
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_open(path().c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr), SQLITE_OK);
    EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
    const int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return value;
  }

  std::filesystem::path folder_;
  std::unique_ptr<ParkedStore> store_;
};

TEST_F(ParkedStoreTest, CountsByPlanAndByJob) {
  ASSERT_TRUE(store_
                  ->add({document("t/a", "j1", "1"), document("t/a", "j2", "2"),
                         document("t/b", "j1", "1")})
                  .ok());
  EXPECT_EQ(store_->count("t/a"), 2);
  EXPECT_EQ(store_->count("t/b"), 1);
  EXPECT_EQ(store_->count("t/c"), 0);
  EXPECT_EQ(store_->count_job("j1"), 2);
  EXPECT_EQ(store_->count_job("j2"), 1);
}

TEST_F(ParkedStoreTest, ParkingAgainCountsAnAttemptAndKeepsTheFirstTime) {
  ASSERT_TRUE(store_->add({document("t/a", "j1", "1")}).ok());
  ParkedDocument again = document("t/a", "j2", "1");
  again.status = 422;
  again.first_at_us = again.last_at_us = 2000;
  ASSERT_TRUE(store_->add({again}).ok());
  EXPECT_EQ(store_->count("t/a"), 1);
  EXPECT_EQ(store_->count_job("j1"), 0);
  EXPECT_EQ(store_->count_job("j2"), 1);
  EXPECT_EQ(ask("SELECT attempts FROM parked"), 2);
  EXPECT_EQ(ask("SELECT first_at_us FROM parked"), 1000);
  EXPECT_EQ(ask("SELECT last_at_us FROM parked"), 2000);
  EXPECT_EQ(ask("SELECT status FROM parked"), 422);
}

TEST_F(ParkedStoreTest, TheSameDocumentTwiceInOneCallIsOne) {
  ASSERT_TRUE(store_->add({document("t/a", "j1", "1"), document("t/a", "j1", "1")}).ok());
  EXPECT_EQ(store_->count("t/a"), 1);
  EXPECT_EQ(store_->count_job("j1"), 1);
  EXPECT_EQ(ask("SELECT attempts FROM parked"), 2);
}

TEST_F(ParkedStoreTest, RemovesOnlyWhatIsParkedInThatPlan) {
  ASSERT_TRUE(store_
                  ->add({document("t/a", "j1", "1"), document("t/a", "j1", "2"),
                         document("t/b", "j1", "1")})
                  .ok());
  ASSERT_TRUE(store_->remove("t/a", {"1", "1", "x", ""}).ok());
  EXPECT_EQ(store_->count("t/a"), 1);
  EXPECT_EQ(store_->count("t/b"), 1);
  EXPECT_EQ(store_->count_job("j1"), 2);
  EXPECT_EQ(ask("SELECT count(*) FROM parked"), 2);
}

TEST_F(ParkedStoreTest, AnOlderCompositionsSuccessSaysNothingOfANewerOnesRefusal) {
  ParkedDocument parked = document("t/a", "j1", "1");
  parked.version = 7;
  ASSERT_TRUE(store_->add({parked}).ok());
  ASSERT_TRUE(store_->remove("t/a", {"1"}, 6).ok());
  EXPECT_EQ(store_->count("t/a"), 1);
  parked.version = 5;  // its refusal came late
  ASSERT_TRUE(store_->add({parked}).ok());
  ASSERT_TRUE(store_->remove("t/a", {"1"}, 6).ok());
  EXPECT_EQ(store_->count("t/a"), 1);
  ASSERT_TRUE(store_->remove("t/a", {"1"}, 7).ok());
  EXPECT_EQ(store_->count("t/a"), 0);
}

TEST_F(ParkedStoreTest, RemovesAPlan) {
  ASSERT_TRUE(store_
                  ->add({document("t/a", "j1", "1"), document("t/a", "j2", "2"),
                         document("t/b", "j1", "1")})
                  .ok());
  ASSERT_TRUE(store_->remove_plan("t/a").ok());
  EXPECT_EQ(store_->count("t/a"), 0);
  EXPECT_EQ(store_->count_job("j1"), 1);
  EXPECT_EQ(store_->count_job("j2"), 0);
  EXPECT_EQ(ask("SELECT count(*) FROM parked"), 1);
}

TEST_F(ParkedStoreTest, IdsAreBytes) {
  ASSERT_TRUE(store_
                  ->add({document("t/a", "j", "É"), document("t/a", "j", "é"),
                         document("t/a", "j", "'; --"), document("t/a", "j", "")})
                  .ok());
  EXPECT_EQ(store_->count("t/a"), 4);
  ASSERT_TRUE(store_->remove("t/a", {"é", ""}).ok());
  EXPECT_EQ(store_->count("t/a"), 2);
}

TEST_F(ParkedStoreTest, SurvivesReopening) {
  ASSERT_TRUE(store_->add({document("t/a", "j1", "1"), document("t/b", "j2", "2")}).ok());
  open();
  EXPECT_EQ(store_->count("t/a"), 1);
  EXPECT_EQ(store_->count_job("j2"), 1);
  ASSERT_TRUE(store_->remove("t/a", {"1"}).ok());
  open();
  EXPECT_EQ(store_->count("t/a"), 0);
  EXPECT_EQ(store_->count("t/b"), 1);
}

TEST_F(ParkedStoreTest, FilesArePrivateEvenIfTheyWereNot) {
  ASSERT_TRUE(store_->add({document("t/a", "j1", "1")}).ok());
  store_.reset();
  ASSERT_EQ(::chmod(path().c_str(), 0644), 0);
  open();
  ASSERT_TRUE(store_->add({document("t/a", "j1", "2")}).ok());
  for (const auto& file : std::filesystem::directory_iterator(folder_)) {
    struct stat attributes {};
    ASSERT_EQ(::stat(file.path().c_str(), &attributes), 0);
    EXPECT_EQ(attributes.st_mode & 0777, 0600u) << file.path();
  }
}

TEST_F(ParkedStoreTest, RefusesAFileOfANewerVersionOrOfAnotherKind) {
  store_.reset();
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database, "PRAGMA user_version=99", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(database);
  const auto newer = ParkedStore::open(path());
  ASSERT_FALSE(newer.ok());
  EXPECT_EQ(newer.error().action, Action::needs_person);
  EXPECT_NE(newer.error().message.find("newer version"), std::string::npos);

  const auto missing = ParkedStore::open((folder_ / "no" / "such.db").string());
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().action, Action::needs_person);
}

TEST_F(ParkedStoreTest, RemovingWhereNothingIsParkedIsCheap) {
  ASSERT_TRUE(store_->add({document("t/b", "j", "1")}).ok());
  const std::vector<std::string> ids(1000, "some-document-id");
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(store_->remove("t/a", ids).ok());
  // 10 million ids: asking the file for each would take many seconds.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST_F(ParkedStoreTest, ManyThreadsKeepTheCountsRight) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      const std::string plan = "t/" + std::to_string(t % 2);
      for (int i = 0; i < 10; ++i) {
        const std::string id = std::to_string(t) + "-" + std::to_string(i);
        EXPECT_TRUE(store_->add({document(plan, "j", id)}).ok());
        if (i % 2 == 1) continue;
        EXPECT_TRUE(store_->remove(plan, {id}).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store_->count("t/0"), 10);
  EXPECT_EQ(store_->count_job("j"), 20);
  EXPECT_EQ(ask("SELECT count(*) FROM parked"), 20);
}

}  // namespace
}  // namespace syncline::retry
